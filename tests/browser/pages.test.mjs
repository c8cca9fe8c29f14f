// Every page, on a desk and on a phone, by day and by night: no barrier, nothing beside the screen, and a picture to look at.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { generate, heading, look, regenerate, shows, stage } from "./browser.mjs";

let page;
const on = stage(before, after, async ({ browser, rollcall }) => {
  page = await browser.signIn(rollcall);
});

test("signing in", async () => {
  const stranger = await (await on.browser.window()).newPage();
  await stranger.goto(`${on.rollcall.console}/sign-in`);
  await look(stranger, "sign-in");
  await stranger.goto(await on.rollcall.link());
  await look(stranger, "link");
});

test("an account at its beginning", async () => {
  for (const path of ["sync", "guide", "notices", "users", "users/new", "groups", "groups/new", "import", "diagnosis", "cards", "denied", "conversion", "stations", "log", "audit", "rules"]) {
    await page.goto(on.rollcall.at(path));
    await look(page, `empty-${path.replace("/", "-")}`);
  }
});

test("an account at work", async () => {
  const { rollcall } = on;
  const idp = rollcall.idp(await generate(page, rollcall));
  await look(page, "new-token");
  const long = "Bartholomew-Maximilian.von-und-zu-Hohenschwangau-Lichtenstein@subsidiary.example.com";
  const [ann] = [
    await idp.user("ann@example.com", "Ann", "Ott"),
    await idp.user(long, "Bartholomew-Maximilian", "von und zu Hohenschwangau-Lichtenstein"),
    await idp.user("zoe@example.com", "Zoe", "Ng", { active: false }),
  ];
  const group = await idp.group("Printing", [ann]);
  assert.equal((await idp.send("POST", "/Users", { schemas: [], userName: 7 })).status, 400);
  await regenerate(page, rollcall);
  await shows(page, rollcall.at("log"), "400");
  await look(page, "log");
  await page.goto(rollcall.at("log?result=failed"));
  await page.locator("tbody tr").getByRole("link").first().click();
  await page.getByText("This request failed").waitFor();
  await look(page, "log-entry");
  const paths = {
    sync: "sync",
    "two-live": "sync/regenerate",
    users: "users",
    user: `users/${ann.id}`,
    "user-source": `users/${ann.id}/source`,
    groups: "groups",
    group: `groups/${group.id}`,
    audit: "audit",
    "guide-entra-id": "guide/entra-id",
    "guide-okta": "guide/okta",
    "not-found": "users/nobody",
  };
  for (const [name, path] of Object.entries(paths)) {
    await page.goto(rollcall.at(path));
    await look(page, name);
  }
  await page.goto(rollcall.at("sync"));
  await page.getByRole("link", { name: /^Retire/ }).click();
  await look(page, "retire");
  await page.goto(rollcall.at("sync"));
  await page.getByRole("link", { name: /^Revoke/ }).first().click();
  await look(page, "revoke");
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.goto(rollcall.at("sync/regenerate"));
  await heading(page, "Regenerate Token");
  await look(page, "regenerate");
  await page.goto(`${rollcall.console}/accounts`);
  await look(page, "accounts");
});

test("somebody who is kept by hand", async () => {
  const { rollcall } = on;
  await page.goto(rollcall.at("users?q=ann"));
  await page.getByRole("link", { name: "Ann Ott" }).click();
  await page.getByRole("link", { name: "Convert to manual" }).click();
  await page.getByRole("button", { name: "Convert to manual" }).click();
  await page.getByText("Kept by hand").waitFor();
  await look(page, "user-by-hand");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("button", { name: "Save" }).waitFor();
  await look(page, "user-edit");
  await page.goBack();
  await page.getByRole("link", { name: "Delete" }).click();
  await look(page, "user-delete");
});
