// Cards at the desk: given, in conflict, refused at a reader; a person who left; a file of cards; numbers that differ.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { heading, look, shows, stage } from "./browser.mjs";

const PRINT = "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User";
let idp, page, ann, ben;
const on = stage(before, after, async ({ browser, rollcall }) => {
  page = await browser.signIn(rollcall);
  idp = rollcall.idp((await rollcall.command("token", "generate", "default")).secret);
  const card = (number) => ({ [PRINT]: { cardNumber: number } });
  ann = await idp.user("ann@example.com", "Ann", "Ott", card("04A1B2C3"));
  ben = await idp.user("ben@example.com", "Ben", "Ray", card("04A1B2C3"));
});

test("a card desk gives a card, a PIN and a code, and nothing else", async () => {
  const { browser, rollcall } = on;
  const desk = await browser.signIn(rollcall, ["--role", "card-desk", "--account", "default"]);
  await desk.goto(rollcall.at(`users/${ann.id}`));
  await desk.getByText("••••••C3").waitFor();
  await desk.getByLabel("New card: number").fill("LOANER-0007");
  await desk.getByLabel("Label", { exact: true }).fill("Loaner 7");
  await desk.getByLabel("Works for").selectOption("day");
  await desk.getByRole("button", { name: "Add card" }).click();
  await desk.getByText("Loaner 7").waitFor();
  await look(desk, "person-cards");
  await desk.getByLabel("New one").fill("1234");
  await desk.getByRole("button", { name: "Set", exact: true }).click();
  await desk.getByText("too easy to guess").waitFor();
  await desk.goBack();
  await desk.getByLabel("New one").fill("739261");
  await desk.getByRole("button", { name: "Set", exact: true }).click();
  await desk.getByText("by an administrator").waitFor();
  assert.ok(!(await desk.content()).includes("739261"));
  await desk.getByRole("button", { name: "Make a code" }).click();
  await heading(desk, "A code to register a card");
  assert.match(await desk.locator("p.secret").innerText(), /^\d{8}$/);
  await look(desk, "card-code");
  await desk.getByRole("link", { name: "Done" }).click();
  await desk.getByRole("link", { name: "Remove card" }).click();
  await look(desk, "card-remove");
  await desk.getByRole("button", { name: "Remove the card" }).click();
  await heading(desk, "Ann Ott");
  assert.equal(await desk.getByText("Loaner 7").count(), 0);
  assert.equal(await desk.getByRole("link", { name: "Import" }).count(), 0);
});

test("a conflict is seen and settled", async () => {
  const { rollcall } = on;
  await page.goto(rollcall.at("cards"));
  await page.getByLabel("Card number").fill("04A1B2C3");
  await page.getByRole("button", { name: "Look" }).click();
  await page.getByText("It is ann@example.com's, and works. Somebody else claims it.").waitFor();
  assert.ok(!page.url().includes("04A1B2C3"));
  await look(page, "cards");
  await page.getByRole("link", { name: "Conflicts" }).click();
  await look(page, "card-conflicts");
  await page.getByRole("link", { name: "Settle" }).click();
  await heading(page, "Whose card is it?");
  await look(page, "card-settle");
  await page.getByRole("button", { name: "Give it to ben@example.com" }).click();
  await page.getByText("No conflicts").waitFor();
  await page.goto(rollcall.at(`users/${ben.id}`));
  await page.locator("tbody").getByText("works").waitFor();
});

test("a file of cards is looked at, and then imported once", async () => {
  const { rollcall } = on;
  // When the identity provider last acted is written every few seconds.
  await shows(page, rollcall.at("import"), "Your identity provider keeps the people");
  await look(page, "import");
  const file = "E-Mail;Karte\nann@example.com;04C4C4C4\nben@example.com;1.23E+09\nnobody@example.com;04D4\n";
  await page.getByLabel("File", { exact: true }).setInputFiles({ name: "cards.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  await page.getByRole("button", { name: "Look at it" }).click();
  await heading(page, "What would happen");
  await page.getByText("rounded this number").waitFor();
  await look(page, "import-preview");
  await page.getByRole("button", { name: "Import now" }).dblclick();
  await heading(page, "Imported");
  await look(page, "import-result");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "All as a file" }).click()]);
  assert.equal(download.suggestedFilename(), "import-result.csv");
  await page.goto(rollcall.at("audit"));
  assert.equal(await page.getByText("cards.csv: cards only").count(), 1, "a double click imports once");
  await page.goto(rollcall.at(`users/${ann.id}`));
  await page.getByText("••••••C4").first().waitFor();
});

test("people are imported over an identity provider only by who says so", async () => {
  const { rollcall } = on;
  await page.goto(rollcall.at("import"));
  await page.getByLabel("Only cards and PINs").uncheck();
  await page.getByLabel("File", { exact: true }).setInputFiles({ name: "p.csv", mimeType: "text/csv", buffer: Buffer.from("userName\nzoe\n") });
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText("Import cards only").waitFor();
});

test("three cards tell how the numbers differ", async () => {
  const { rollcall } = on;
  await page.goto(rollcall.at("conversion"));
  const pairs = [["C3B2A104", "77705923"], ["01EEFF04", "83881473"], ["10AA0004", "67152400"]];
  for (const [at, [reader, directory]] of pairs.entries()) {
    await page.locator(`#reader${at + 1}`).fill(reader);
    await page.locator(`#directory${at + 1}`).fill(directory);
  }
  await page.getByRole("button", { name: "Find out" }).click();
  await page.getByText("with the bytes in the other order").first().waitFor();
  await look(page, "conversion-found");
  await page.getByRole("button", { name: "See what it does" }).first().click();
  await page.getByText("No two people would have the same number").waitFor();
  await look(page, "conversion-preview");
  await page.getByRole("button", { name: "Switch it on" }).click();
  await page.getByText("What a reader gives").first().waitFor();
  await look(page, "conversion");
});

test("why somebody cannot print, who left, and what stations say", async () => {
  const { rollcall } = on;
  await idp.patch(`/Users/${ann.id}`, { op: "Replace", path: "active", value: "False" });
  await page.goto(rollcall.at("diagnosis"));
  await look(page, "diagnosis");
  await page.getByLabel("Whom").fill("ann@example.com");
  await page.getByRole("button", { name: "Find out" }).click();
  await page.getByText("ann@example.com is deactivated").first().waitFor();
  await look(page, "diagnosis-found");
  await page.goto(rollcall.at(`users/${ann.id}`));
  await page.getByText("Cards and PIN stopped working at").waitFor();
  await look(page, "person-left");
  await page.getByRole("link", { name: "Why can't Ann Ott print?" }).click();
  await page.getByText("ann@example.com is deactivated").first().waitFor();
  for (const tab of ["denied", "stations", "rules"]) {
    await page.goto(rollcall.at(tab));
    await look(page, `${tab}-now`);
  }
});
