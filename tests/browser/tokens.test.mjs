// The life of a token: made once however often it is asked for, shown once, replaced without a gap.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { generate, heading, regenerate, secret, stage, until } from "./browser.mjs";
import { HOUR, MINUTE } from "./server.mjs";

const on = stage(before, after);
const made = async () => (await on.rollcall.tokens()).length;
const refused = (idp) => until("the token is refused", async () => (await idp.test()) === 401);

async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name, exact: true }).click(),
  ]);
  return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
}

test("a token is generated, kept in a file, and works; nothing makes a second one by accident", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  const token = await generate(page, rollcall);
  assert.equal(await rollcall.idp(token).test(), 200);

  const [text, forPeople] = await download(page, "Download");
  assert.equal(text, "rollcall-default-scim.txt");
  const tenantUrl = forPeople.match(/Tenant URL\s+(\S+)/)[1];
  const kept = forPeople.match(/Token\s+(\S+)/)[1];
  assert.deepEqual([tenantUrl, kept], [`${rollcall.scim}/default/scim/v2`, token]);
  const [json, forPrograms] = await download(page, "Download as JSON");
  assert.equal(json, "rollcall-default-scim.json");
  const file = JSON.parse(forPrograms);
  assert.deepEqual([file.tenant_url, file.token], [tenantUrl, token]);
  assert.equal(await rollcall.idp(kept).test(), 200, "the token of the file works");

  await Promise.all([page.waitForRequest((request) => request.method() === "POST"), page.reload()]);
  assert.equal(await made(), 1, "sending the form again makes none");
  await page.goto(rollcall.at("sync"));
  // The browser keeps nothing of that page, and would ask before it sends the form again.
  await assert.rejects(page.goBack(), /ERR_CACHE_MISS/);
  assert.equal(await made(), 1, "going back makes none");
  const tab = await page.context().newPage();
  await tab.goto(rollcall.at("sync/tokens"));
  await tab.goto(rollcall.at("sync"));
  await tab.getByRole("link", { name: "Regenerate Token" }).waitFor();
  assert.ok(!(await tab.content()).includes(token), "the token is shown once");
  assert.equal(await made(), 1, "a second tab makes none");
});

test("a double click makes one token, with the script and without", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { browser, rollcall } = on;
    await rollcall.command("account", "create", `double-${javaScriptEnabled}`);
    const account = `double-${javaScriptEnabled}`;
    const page = await browser.signIn(rollcall, [], { javaScriptEnabled });
    await page.goto(rollcall.at("sync", account));
    await page.getByRole("button", { name: "Generate Token" }).dblclick();
    await heading(page, "Your new token");
    const token = await secret(page);
    assert.equal(await rollcall.idp(token, { account }).test(), 200, "the token that is shown is the one");
    assert.equal((await rollcall.tokens(account)).length, 1);
  }
});

test("a token is replaced without a gap, and the old one ends by itself", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await rollcall.command("account", "create", "replaced");
  const at = { ...rollcall, at: (path) => rollcall.at(path, "replaced") };
  const [first, second] = [await generate(page, at), await regenerate(page, at)];
  const [old, young] = [first, second].map((token) => rollcall.idp(token, { account: "replaced" }));
  assert.deepEqual([await old.test(), await young.test()], [200, 200], "both work");
  await page.goto(at.at("sync"));
  await page.getByText("retiring").first().waitFor();
  await page.goto(at.at("sync/regenerate"));
  await heading(page, "Two tokens are live already");

  // Uses are written every few seconds. From then on the new one is used alone for an hour.
  await until("the use of the new token is written", async () => (await rollcall.tokens("replaced"))[0].firstUseTime);
  rollcall.clock.forward(HOUR + MINUTE);
  await until("the old token is retired", async () => {
    await young.test();
    return (await rollcall.tokens("replaced"))[1].state.toLowerCase() === "retired";
  });
  await refused(old);
  assert.equal(await young.test(), 200);
});

test("a token is retired and revoked by hand, after a question", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await rollcall.command("account", "create", "by-hand");
  const at = { at: (path) => rollcall.at(path, "by-hand") };
  const [first, second] = [await generate(page, at), await regenerate(page, at)];
  const [old, young] = [first, second].map((token) => rollcall.idp(token, { account: "by-hand" }));
  await page.goto(at.at("sync"));
  await page.getByRole("link", { name: /^Retire/ }).click();
  await page.getByRole("button", { name: "Retire now" }).click();
  await page.getByText("The old token has ended").waitFor();
  await refused(old);
  assert.equal(await young.test(), 200);
  await page.goto(at.at("sync"));
  await page.getByRole("link", { name: /^Revoke/ }).click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("calls with it are refused within a second").waitFor();
  await refused(young);
});

test("a token is generated and kept by the keyboard alone", async () => {
  const { browser, rollcall } = on;
  await rollcall.command("account", "create", "keyboard");
  const page = await browser.signIn(rollcall);
  await page.goto(rollcall.at("sync", "keyboard"));
  async function tabTo(name) {
    for (let pressed = 0; pressed < 60; pressed++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const { activeElement } = document;
        const { outlineStyle, boxShadow } = getComputedStyle(activeElement);
        return { name: activeElement.textContent.trim(), seen: outlineStyle !== "none" || boxShadow !== "none" };
      });
      assert.ok(focus.seen, `it can be seen that ${focus.name} has the focus`);
      if (focus.name === name) return;
    }
    assert.fail(`the tab key does not lead to ${name}`);
  }
  await tabTo("Generate Token");
  await page.keyboard.press("Enter");
  await heading(page, "Your new token");
  await tabTo("Download");
  const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  const kept = readFileSync(await file.path(), "utf8").match(/Token\s+(\S+)/)[1];
  assert.equal(await rollcall.idp(kept, { account: "keyboard" }).test(), 200);
});
