// People: found among many, taken out of the identity provider's hands, and given back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { heading, shows, stage } from "./browser.mjs";

let idp, ann;
const on = stage(before, after, async ({ rollcall }) => {
  idp = rollcall.idp((await rollcall.command("token", "generate", "default")).secret);
  ann = await idp.user("ann@example.com", "Ann", "Ott");
  for (let number = 10; number < 70; number++) await idp.user(`u${number}@example.com`, "User", `Number ${number}`);
});

test("users are listed page by page, and found by how a name begins", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await page.goto(rollcall.at("users"));
  const rows = page.locator("tbody tr");
  assert.equal(await rows.count(), 50);
  await page.getByText("61 users").waitFor();
  await page.getByRole("link", { name: "Next page" }).click();
  await page.waitForURL(/page=/);
  assert.equal(await rows.count(), 11);
  for (const [text, found] of [["ANN@", 1], ["Ott", 1], ["ext-u11@example.com", 1], ['"\\) or id pr', 0], ["u1", 10]]) {
    await page.goto(rollcall.at("users"));
    await page.getByLabel("Name, e-mail or external id").fill(text);
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/q=/);
    assert.equal(await rows.count(), found, text);
  }
});

test("somebody is kept by hand, which the identity provider is told, and given back", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  const change = (title) => idp.patch(`/Users/${ann.id}`, { op: "replace", path: "title", value: title });
  await page.goto(rollcall.at("users?q=ann"));
  await page.getByRole("link", { name: "Ann Ott" }).click();
  await heading(page, "Ann Ott");
  await page.getByRole("link", { name: "Convert to manual" }).click();
  await page.getByRole("button", { name: "Convert to manual" }).click();
  await page.getByText("Kept by hand").waitFor();
  assert.equal((await change("Boss")).status, 403);
  await shows(page, rollcall.at(`users/${ann.id}`), "403");

  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Display name").fill("Ann <b>Ott</b>-Ray");
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, "Ann <b>Ott</b>-Ray");

  await page.getByRole("link", { name: "Give to the identity provider" }).click();
  await page.getByRole("button", { name: "Give to the identity provider" }).click();
  await page.getByRole("link", { name: "Convert to manual" }).waitFor();
  assert.equal((await change("Boss")).status, 200);
  await shows(page, rollcall.at(`users/${ann.id}`), "Boss");
});
