// Who is told before a token ends.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { stage } from "./browser.mjs";

const on = stage(before, after);

test("the webhook is set, and what cannot be one is refused and stays in the form", async () => {
  const { browser, rollcall } = on;
  const page = await browser.signIn(rollcall);
  await page.goto(rollcall.at("notices"));
  const field = page.getByLabel("Webhook URL");
  await field.fill("http://hooks.example.com/plain");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Nothing was saved").waitFor();
  assert.equal(await field.inputValue(), "http://hooks.example.com/plain");
  await field.fill("https://hooks.example.com/rollcall");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).waitFor();
  await page.goto(rollcall.at("notices"));
  assert.equal(await field.inputValue(), "https://hooks.example.com/rollcall");

  const secret = page.getByText(/^whsec_/);
  const first = await secret.textContent();
  await page.getByText("Make a new one").click();
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await page.getByText("There is a new secret").waitFor();
  assert.notEqual(await secret.textContent(), first);
  await page.goto(rollcall.at("audit"));
  assert.ok(!(await page.content()).includes(await first));
});
