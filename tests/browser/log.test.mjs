// The sync log: what is looked for is found, and what is secret is not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { heading, shows, stage } from "./browser.mjs";

const PIN = "PIN-9071-3342";
const on = stage(before, after, async ({ rollcall }) => {
  const idp = rollcall.idp((await rollcall.command("token", "generate", "default")).secret);
  const ann = await idp.user("ann@example.com", "Ann", "Ott");
  await idp.user("bob@example.com", "Bob", "Fry");
  await idp.group("Printing", [ann]);
  await idp.test();
  const { status } = await idp.send("POST", "/Users", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "ann@example.com",
    password: PIN,
    displayName: "Another Ann",
  });
  assert.equal(status, 409);
});

test("the log is searched by name, kind, result and day", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await shows(page, rollcall.at("log"), "409");
  const rows = page.locator("tbody tr");
  assert.equal(await rows.count(), 5);
  for (const [field, value, found] of [
    ["User or group", "bob@", 1],
    ["About", "groups", 1],
    ["Result", "failed", 1],
    ["Requests", "yes", 4],
    ["To", "2020-01-01", 0],
    ["From", "2020-01-01", 5],
  ]) {
    await page.goto(rollcall.at("log"));
    const control = page.getByLabel(field, { exact: true });
    await (["User or group", "To", "From"].includes(field) ? control.fill(value) : control.selectOption(value));
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/\?/);
    assert.equal(await rows.count(), found, `${field}: ${value}`);
  }
  await page.getByRole("link", { name: "Clear" }).click();
  await page.waitForURL(rollcall.at("log"));
});

test("a failed request is shown with its body, without what is secret", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await shows(page, rollcall.at("log?result=failed"), "409");
  await page.locator("tbody tr").getByRole("link").first().click();
  await heading(page, "Created a user");
  await page.getByText("This request failed").waitFor();
  await page.getByText("Another Ann").waitFor();
  assert.ok(!(await page.content()).includes(PIN));
  assert.ok(!rollcall.log().includes(PIN));
});

test("what was found is exported as CSV", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await shows(page, rollcall.at("log?kind=users&writes=yes"), "409");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export as CSV" }).click(),
  ]);
  assert.match(file.suggestedFilename(), /^default-sync-log-\d{4}-\d{2}-\d{2}\.csv$/);
  const lines = readFileSync(await file.path(), "utf8").trim().split("\r\n");
  assert.equal(lines.length, 4, "a heading, and three requests");
  assert.match(lines.join("\n"), /bob@example\.com/);
  assert.ok(!lines.join("\n").includes(PIN));
});
