// The setup guides: with the address filled in, and a line that follows the connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { generate, heading, stage } from "./browser.mjs";

const on = stage(before, after);
const GUIDES = ["Microsoft Entra ID", "Okta", "Ping", "OneLogin", "JumpCloud", "Google Workspace", "Other"];

test("each guide says the Tenant URL of the account, and no placeholder", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await page.goto(rollcall.at("guide"));
  const choices = page.getByRole("navigation", { name: "Identity providers" });
  for (const name of GUIDES) {
    await choices.getByRole("link", { name, exact: true }).click();
    await heading(page, `Setup guide: ${name}`);
    const text = await page.getByRole("article").innerText();
    assert.ok(text.includes(`${rollcall.scim}/default/scim/v2`), name);
    assert.doesNotMatch(text, /\{\{/, name);
  }
});

test("the line goes from waiting to connected without a reload", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  const token = await generate(page, rollcall);
  await page.goto(rollcall.at("guide/okta"));
  const line = page.getByRole("status");
  await line.getByText("Waiting for the first call").waitFor();
  await page.evaluate(() => { globalThis.sameDocument = true; });
  await rollcall.idp(token).user("ann@example.com", "Ann", "Ott");
  await line.getByText("Connected").waitFor();
  await line.getByText("Okta").waitFor();
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true);
});

test("an address is copied by its button", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall, [], { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(rollcall.at("sync"));
  await page.getByRole("button", { name: "Copy Tenant URL" }).click();
  await page.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${rollcall.scim}/default/scim/v2`);
});
