// A real browser, whose pages may say nothing on the console and may hold no serious barrier.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { axe, chromium } from "./packages.mjs";
import { DATABASE, Rollcall } from "./server.mjs";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-extensions", "--no-first-run"];
/** Generous: a condition that comes true is not waited for any longer. */
const PATIENCE = 1000 * Number(process.env.PATIENCE ?? 30);
const PICTURES = fileURLToPath(new URL(`../../target/screenshots/${DATABASE}/`, import.meta.url));

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS, timeout: PATIENCE });
    browser.complaints = [];
    return browser;
  }

  /** A window of its own: nobody is signed in. */
  async window({ viewport = DESKTOP, colorScheme = "light", ...more } = {}) {
    const context = await this.chromium.newContext({ viewport, colorScheme, locale: "en-GB", ...more });
    context.setDefaultTimeout(PATIENCE);
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  #watch(page) {
    const complain = (words) => this.complaints.push(`${page.url()}: ${words}`);
    page.on("pageerror", (error) => complain(error.message));
    page.on("console", (message) => {
      // A page that says what went wrong has a status that says it too; what a page is made of has none.
      const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of 4")
        && !message.location().url.includes("/assets/");
      if (["error", "warning"].includes(message.type()) && !isStatus) complain(message.text());
    });
  }

  /** A page for somebody who uses a link of the operator. */
  async signIn(rollcall, words = [], options = {}) {
    const context = await this.window(options);
    const page = await context.newPage();
    await follow(page, await rollcall.link(...words));
    return page;
  }

  async stop() {
    await this.chromium.close();
    assert.deepEqual(this.complaints, [], "no page says anything on the console");
  }
}

/** Signs in by a link. */
export async function follow(page, link) {
  await page.goto(link);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Looks at a page as it is: no barrier that axe-core calls serious, nothing beside the screen. */
async function inspect(page, name) {
  await page.evaluate(`${axe}; undefined`);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    return {
      barriers: grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).join(" | ")}`),
      wide,
    };
  });
  assert.deepEqual(found.barriers, [], `${name}: no serious barrier`);
  assert.ok(found.wide <= 0, `${name}: ${found.wide} pixels beside the screen`);
}

/** Looks at a page on a desk and on a phone, by day and by night, and keeps a picture of each. */
export async function look(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  for (const viewport of [DESKTOP, PHONE]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const full = `${name}-${viewport.width}-${colorScheme}`;
      await inspect(page, full);
      await page.screenshot({ path: `${PICTURES}${full}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Waits for what comes by itself, asking again and again. */
export async function until(words, test) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    if (await test()) return;
  }
  assert.fail(`it never came to this: ${words}`);
}

/** Loads a page again until it shows a text. */
export async function shows(page, url, text) {
  await until(`${url} shows ${text}`, async () => {
    await page.goto(url);
    return page.getByText(text).first().isVisible();
  });
}

/** The heading of the page. */
export const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

/** The secret on the page that shows it. */
export const secret = async (page) => {
  const value = page.locator(".copyable", { hasText: "Token" }).getByText(/^rollcall_scim_\w{36}$/);
  return (await value.textContent()).trim();
};

/** Makes the first token of an account by its page; the secret. */
export async function generate(page, rollcall) {
  await page.goto(rollcall.at("sync"));
  await page.getByRole("button", { name: "Generate Token" }).click();
  await heading(page, "Your new token");
  return secret(page);
}

/** Makes a token beside another; the secret. */
export async function regenerate(page, rollcall) {
  await page.goto(rollcall.at("sync"));
  await page.getByRole("link", { name: "Regenerate Token" }).click();
  await page.getByRole("button", { name: "Regenerate Token" }).click();
  await heading(page, "Your new token");
  return secret(page);
}

/** Ends the browser, whose pages go on asking, and then the others; all of them, also where one fails. */
export async function end(...all) {
  const failures = [];
  for (const one of all) await one?.stop().catch((failure) => failures.push(failure));
  if (failures.length) throw failures[0];
}

/** A server and a browser for the tests of a file; `prepare` is what comes before all of them. */
export function stage(before, after, prepare = () => {}) {
  const stage = {};
  before(async () => {
    [stage.browser, stage.rollcall] = await Promise.all([Browser.start(), Rollcall.start()]);
    await prepare(stage);
  });
  after(() => end(stage.browser, stage.rollcall));
  return stage;
}
