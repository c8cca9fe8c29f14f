// Signing in and out: by the link that a new installation prints, and by an OpenID provider.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, end, follow, look } from "./browser.mjs";
import { startOidc } from "./oidc.mjs";
import { Rollcall } from "./server.mjs";

const PEOPLE = {
  olga: { groups: ["print-ops"] },
  ann: { groups: ["acme-it", "others"] },
  dirk: { groups: ["desk"] },
  rita: { groups: ["auditors"] },
  stranger: { groups: ["others"] },
};
const RULES = [
  "groups=print-ops:operator",
  "groups=acme-it:account-administrator@default",
  "groups=desk:card-desk@default",
  "groups=auditors:read-only@default",
];
let browser, oidc, rollcall;

before(async () => {
  oidc = await startOidc(PEOPLE, RULES);
  [browser, rollcall] = await Promise.all([Browser.start(), Rollcall.start({ oidc })]);
});
after(() => end(browser, rollcall, oidc));

async function signInAs(name) {
  const page = await (await browser.window()).newPage();
  await page.goto(rollcall.at("users"));
  await page.getByRole("button", { name: "Sign in with Acme login" }).click();
  await page.getByRole("link", { name, exact: true }).click();
  return page;
}

test("the link of a new installation lets one person in, once", async () => {
  const page = await (await browser.window()).newPage();
  await follow(page, rollcall.firstLink);
  assert.equal(new URL(page.url()).origin, rollcall.console);
  const other = await (await browser.window()).newPage();
  await other.goto(rollcall.firstLink);
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByText("This link was used already").waitFor();
});

for (const [name, role, tokens] of [
  ["olga", "Operator", true],
  ["ann", "Administrator", true],
  ["dirk", "Card desk", false],
  ["rita", "Read only", false],
]) {
  test(`the OpenID provider lets ${name} in as ${role}`, async () => {
    const page = await signInAs(name);
    await page.getByText(role, { exact: true }).first().waitFor();
    assert.equal(page.url(), rollcall.at("users"), "it goes on where it was asked to");
    await page.goto(rollcall.at("sync"));
    const buttons = await page.getByText(/^(Generate|Regenerate) Token$|^Get started$/).count();
    assert.equal(buttons > 0, tokens, "what the role may not do is not offered");
  });
}

test("whom no rule knows is told so, and whom the provider refuses too", async () => {
  const stranger = await signInAs("stranger");
  await stranger.getByText("nobody has said that you may do anything here").waitFor();
  await look(stranger, "not-admitted");
  const nobody = await signInAs("nobody");
  await nobody.getByText("did not sign you in").waitFor();
});

test("after signing out the back button shows nothing of before", async () => {
  const page = await signInAs("ann");
  await page.getByText("Administrator", { exact: true }).first().waitFor();
  await page.goto(rollcall.at("sync"));
  await page.getByRole("heading", { level: 1, name: "User and Group Sync" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  await page.goBack();
  await page.getByRole("button", { name: "Sign in with Acme login" }).waitFor();
  assert.doesNotMatch(await page.content(), /Tenant URL|Sign out/);
  await page.goto(rollcall.at("users"));
  await page.getByRole("button", { name: "Sign in with Acme login" }).waitFor();
});
