// The npm packages that these tests use. tests/run puts them into .test/npm, beside which no node_modules is needed.

import { readFileSync } from "node:fs";

const packages = new URL("../../.test/npm/node_modules/", import.meta.url);
const load = (path) => import(new URL(path, packages));

export const { chromium } = await load("playwright-core/index.mjs");
export const { default: Provider } = await load("oidc-provider/lib/index.js");
// Put into a page as it is.
export const axe = readFileSync(new URL("axe-core/axe.min.js", packages), "utf8");
