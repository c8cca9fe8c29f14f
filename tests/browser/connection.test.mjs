// What the page says of a connection, at a clock that is set forward: each state and each warning when it is due.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { generate, look, shows, stage, until } from "./browser.mjs";
import { ENTRA } from "./scim.mjs";
import { DAY, HOUR } from "./server.mjs";

const on = stage(before, after);

/** A page and an identity provider of a new account. */
async function account(name, agent) {
  const { browser, rollcall } = on;
  await rollcall.command("account", "create", name);
  const page = await browser.signIn(rollcall);
  const at = (path) => rollcall.at(path, name);
  const idp = rollcall.idp(await generate(page, { at }), { account: name, agent });
  // A session does not last for days.
  const later = async () => browser.signIn(rollcall);
  return { page, idp, later, sync: at("sync") };
}

test("an identity provider that is late, and one whose calls all fail", async () => {
  const late = await account("late", ENTRA);
  await shows(late.page, late.sync, "Waiting for the first call");
  await late.idp.user("ann@example.com", "Ann", "Ott");
  await shows(late.page, late.sync, "Connected");

  const failing = await account("failing");
  for (let call = 0; call < 3; call++) assert.equal((await failing.idp.send("POST", "/Users", "{}")).status, 400);
  await shows(failing.page, failing.sync, "Every call fails");
  await look(failing.page, "failing");

  on.rollcall.clock.forward(3 * HOUR);
  const overdue = await late.later();
  await shows(overdue, late.sync, "A call is overdue");
  await look(overdue, "late");
  await late.idp.test();
  await shows(await late.later(), late.sync, "Connected");
});

test("an identity provider that only reads is told so after a day", async () => {
  const { idp, later, sync } = await account("reader");
  assert.equal(await idp.test(), 200);
  await shows(await later(), sync, "Connected");
  on.rollcall.clock.forward(DAY + HOUR);
  assert.equal(await idp.test(), 200);
  await shows(await later(), sync, "It only reads");
});

test("silence, and a token's end: two weeks before, the day before, and after", async () => {
  const { page, idp, later, sync } = await account("year");
  const { clock } = on.rollcall;
  await idp.user("ann@example.com", "Ann", "Ott");
  await shows(page, sync, "Connected");
  assert.equal(await page.getByText("The token ends soon").count(), 0);

  clock.forward(61 * DAY);
  await shows(await later(), sync, "Nothing came for over 60 days");
  await idp.test();
  await shows(await later(), sync, "Connected");

  clock.forward(291 * DAY);
  await idp.test();
  await shows(await later(), sync, "The token ends soon");
  await shows(await later(), sync, /in 1[23] days/);
  clock.forward(12 * DAY);
  await shows(await later(), sync, /in less than a day|in one day/);
  clock.forward(2 * DAY);
  await shows(await later(), sync, "The token has ended");
  await until("the token is refused", async () => (await idp.test()) === 401);
  const refused = await later();
  await shows(refused, sync, "Calls come with a token that has ended");
  await look(refused, "refused");
});
