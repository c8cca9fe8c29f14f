// The real program on an empty database, with a clock that a test can set forward.

import { execFile, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Scim } from "./scim.mjs";

const run = promisify(execFile);
const BINARY = fileURLToPath(new URL("../../target/debug/rollcall", import.meta.url));
/** How long the program may take to start, or to end, in milliseconds. */
const PATIENCE = 60_000;

/** `sqlite` or `postgres`. */
export const DATABASE = process.env.DATABASE ?? "sqlite";
/** In seconds. */
export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Two databases, gone with `drop`. */
class Store {
  static async make() {
    const store = new Store();
    store.directory = mkdtempSync(join(tmpdir(), "rollcall-"));
    store.names = ["identity", "token"].map((name) => `rollcall_${name}_${randomUUID().replaceAll("-", "")}`);
    if (DATABASE === "sqlite") {
      store.urls = store.names.map((name) => `sqlite:${store.directory}/${name}.db`);
    } else {
      for (const name of store.names) await psql(`CREATE DATABASE ${name}`);
      store.urls = store.names.map((name) => Object.assign(new URL(postgres()), { pathname: name }).href);
    }
    return store;
  }

  async drop() {
    if (DATABASE !== "sqlite") for (const name of this.names) await psql(`DROP DATABASE ${name} WITH (FORCE)`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function postgres() {
  const url = process.env.ROLLCALL_TEST_POSTGRES;
  if (!url) throw new Error("set ROLLCALL_TEST_POSTGRES to the URL of a PostgreSQL server");
  return url;
}

const psql = (statement) => run("psql", ["--no-psqlrc", "--quiet", "--dbname", postgres(), "--command", statement]);

/** The clock of a process: ours, and what it was set forward by. Timers go on as they are. */
class Clock {
  ahead = 0;

  constructor(directory) {
    this.file = join(directory, "time");
    this.write();
    const library = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`).find(existsSync);
    if (!library) throw new Error("install libfaketime");
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  write() {
    writeFileSync(`${this.file}.new`, `+${this.ahead}\n`);
    renameSync(`${this.file}.new`, this.file);
  }

  forward(seconds) {
    this.ahead += seconds;
    this.write();
  }

  /** In milliseconds since 1970. */
  now() {
    return Date.now() + 1000 * this.ahead;
  }
}

/** A running server. */
export class Rollcall {
  /** `oidc` is an OpenID provider (oidc.mjs). */
  static async start({ oidc } = {}) {
    const rollcall = new Rollcall();
    rollcall.store = await Store.make();
    rollcall.clock = new Clock(rollcall.store.directory);
    const [identity, token] = rollcall.store.urls;
    const key = join(rollcall.store.directory, "key");
    writeFileSync(key, randomBytes(32).toString("base64"), { mode: 0o600 });
    // Not port 0: the OpenID provider must know the console's address before it is there.
    const port = oidc?.consolePort ?? 0;
    rollcall.environment = {
      ...process.env,
      ROLLCALL_IDENTITY_DATABASE_URL: identity,
      ROLLCALL_TOKEN_DATABASE_URL: token,
      ROLLCALL_SCIM_LISTEN: "127.0.0.1:0",
      ROLLCALL_IDENTITY_LISTEN: "127.0.0.1:0",
      ROLLCALL_TOKEN_LISTEN: "127.0.0.1:0",
      ROLLCALL_KEY_FILE: key,
      ROLLCALL_CONSOLE_LISTEN: `127.0.0.1:${port}`,
      ...oidc?.settings,
    };
    await rollcall.#spawn();
    return rollcall;
  }

  async #spawn() {
    const log = openSync(join(this.store.directory, "rollcall.log"), "a");
    this.process = spawn(BINARY, ["serve"], {
      cwd: this.store.directory,
      env: { ...this.environment, ...this.clock.environment },
      stdio: ["ignore", "pipe", log],
    });
    this.ended = once(this.process, "exit");
    const late = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    for await (const line of createInterface(this.process.stdout)) {
      const [name, url] = line.trim().split(/\s+/);
      if (["scim", "identity", "token", "console"].includes(name) && url?.startsWith("http")) this[name] = url;
      const link = line.match(/http\S+\/first-run\/\S+/);
      if (link) this.firstLink = link[0];
      if (this.console && (this.firstLink || line.startsWith("First token"))) break;
    }
    clearTimeout(late);
    if (!this.console) throw new Error(`rollcall did not say where it listens:\n${this.log()}`);
    this.process.stdout.resume();
  }

  log() {
    return readFileSync(join(this.store.directory, "rollcall.log"), "utf8");
  }

  /** The answer of a command. */
  async command(...words) {
    const { stdout } = await run(BINARY, [...words, "--json"], {
      cwd: this.store.directory,
      env: { ...this.environment, ROLLCALL_TOKEN_SERVICE: this.token, ROLLCALL_IDENTITY_SERVICE: this.identity },
    });
    return JSON.parse(stdout);
  }

  /** The tokens of an account, newest first. */
  async tokens(account = "default") {
    const list = await this.command("token", "list", account);
    return Array.isArray(list) ? list : list.tokens;
  }

  /** A link that signs somebody in, once. */
  async link(...words) {
    return (await this.command("console", "link", "--console-url", this.console, ...words)).link;
  }

  /** An identity provider with this token. */
  idp(secret, { account = "default", agent } = {}) {
    return new Scim(`${this.scim}/${account}/scim/v2`, secret, agent);
  }

  /** The address of a page of the console. */
  at(path, account = "default") {
    return `${this.console}/accounts/${account}/${path}`;
  }

  /** Ends it by SIGTERM; it must end well. */
  async stop() {
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    const [code] = await this.ended;
    clearTimeout(late);
    const log = this.log();
    await this.store.drop();
    if (code !== 0 || log.includes("panicked at")) throw new Error(`rollcall ended with ${code}:\n${log}`);
  }
}
