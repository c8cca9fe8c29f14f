// scimmy-routers on a store of SQLite: scimmy has none of its own.
//
// What has an index is looked up by it: userName, externalId, addresses, members, and the page of a list. Any other filter
// reads every row, and scimmy matches it.
import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { PORT, TOKEN, DATA } = process.env;

const db = new Database(`${DATA}/scim.db`);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.pragma("foreign_keys = ON");
db.exec(`
    CREATE TABLE IF NOT EXISTS users (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        external_id TEXT, data TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS users_external_id ON users (external_id);
    CREATE TABLE IF NOT EXISTS emails (
        user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, value TEXT NOT NULL, PRIMARY KEY (value, user)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS emails_user ON emails (user);
    CREATE TABLE IF NOT EXISTS groups (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL COLLATE NOCASE,
        external_id TEXT, data TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS groups_name ON groups (name);
    CREATE INDEX IF NOT EXISTS groups_external_id ON groups (external_id);
    CREATE TABLE IF NOT EXISTS members (
        "group" TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
        user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, PRIMARY KEY ("group", user)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS members_user ON members (user);
`);

const statements = new Map();
const sql = (text) => statements.get(text) ?? statements.set(text, db.prepare(text)).get(text);
const notFound = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);

/** What SCIM shows of a row. */
const shown = (row) => ({
    ...JSON.parse(row.data), id: row.id, meta: { created: row.created, lastModified: row.modified },
});

/** The rows that a filter of one comparison with `eq` finds by an index; undefined where there is none. */
function indexed(table, nameAttribute, filter) {
    if (filter.length !== 1 || Object.keys(filter[0]).length !== 1) return undefined;
    const [[attribute, condition]] = Object.entries(filter[0]);
    const equal = (condition) => Array.isArray(condition) && condition.length === 2 && condition[0].toLowerCase() === "eq";
    if (attribute === nameAttribute && equal(condition))
        return sql(`SELECT * FROM ${table} WHERE name = ?`).all(condition[1]);
    if (attribute === "externalId" && equal(condition))
        return sql(`SELECT * FROM ${table} WHERE external_id = ?`).all(condition[1]);
    if (table === "users" && attribute === "emails" && equal(condition.value)) {
        const rows = sql("SELECT users.* FROM emails JOIN users ON users.id = user WHERE value = ?").all(condition.value[1]);
        return rows.filter((row) => filter.match([JSON.parse(row.data)]).length);
    }
    return undefined;
}

/** Reads resources as scimmy wants them: one, or a list from which it cuts the page. */
function read(table, nameAttribute, resource, complete) {
    if (resource.id) {
        const row = sql(`SELECT * FROM ${table} WHERE id = ?`).get(resource.id);
        if (!row) throw notFound(resource.id);
        return complete(row);
    }
    if (resource.filter) {
        const rows = indexed(table, nameAttribute, resource.filter);
        if (rows) return rows.map(complete);
        return resource.filter.match(sql(`SELECT * FROM ${table} ORDER BY number`).all().map(complete));
    }
    const { sortBy, startIndex = 1, count = 20 } = resource.constraints ?? {};
    // scimmy takes the resources of a sparse array for the page only if they are fewer than startIndex, or begin the list.
    if (!sortBy && (startIndex === 1 || startIndex > count)) {
        const page = sql(`SELECT * FROM ${table} ORDER BY number LIMIT ? OFFSET ?`).all(count, startIndex - 1).map(complete);
        page.length = Math.max(sql(`SELECT count(*) FROM ${table}`).pluck().get(), page.length);
        return page;
    }
    return sql(`SELECT * FROM ${table} ORDER BY number`).all().map(complete);
}

/** Writes a resource; its row. */
function write(table, name, resource, instance) {
    const { id: _, meta: __, members: ___, ...kept } = JSON.parse(JSON.stringify(instance));
    const [data, now] = [JSON.stringify(kept), new Date().toISOString()];
    const row = resource.id
        ? sql(`UPDATE ${table} SET name = ?, external_id = ?, data = ?, modified = ? WHERE id = ? RETURNING *`)
            .get(name, kept.externalId, data, now, resource.id)
        : sql(`INSERT INTO ${table} (id, name, external_id, data, created, modified) VALUES (?, ?, ?, ?, ?, ?) RETURNING *`)
            .get(randomUUID(), name, kept.externalId, data, now, now);
    if (!row) throw notFound(resource.id);
    return row;
}

/** Makes `table` hold `wanted` for `owner`, and touches only what differs. */
function replace(table, owner, value, id, wanted) {
    const held = new Set(sql(`SELECT ${value} FROM ${table} WHERE ${owner} = ?`).pluck().all(id));
    for (const each of wanted)
        if (!held.delete(each)) sql(`INSERT OR IGNORE INTO ${table} (${owner}, ${value}) VALUES (?, ?)`).run(id, each);
    for (const each of held) sql(`DELETE FROM ${table} WHERE ${owner} = ? AND ${value} = ?`).run(id, each);
}

/** A change in one transaction; a broken constraint is the client's fault. */
const change = (work) => {
    const transaction = db.transaction(work).immediate;
    return (...args) => {
        try {
            return transaction(...args);
        } catch (error) {
            if (error.code === "SQLITE_CONSTRAINT_UNIQUE")
                throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
            if (error.code === "SQLITE_CONSTRAINT_FOREIGNKEY")
                throw new SCIMMY.Types.Error(400, "invalidValue", "no such member");
            throw error;
        }
    };
};

const remove = (table) => change((resource) => {
    if (!sql(`DELETE FROM ${table} WHERE id = ?`).run(resource.id).changes) throw notFound(resource.id);
});

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
    egress: (resource) => read("users", "userName", resource, shown),
    ingress: change((resource, instance) => {
        const row = write("users", instance.userName, resource, instance);
        replace("emails", "user", "value", row.id, (instance.emails ?? []).map((email) => email.value));
        return shown(row);
    }),
    degress: remove("users"),
});

const withMembers = (row) => ({
    ...shown(row), members: sql(`SELECT user AS value FROM members WHERE "group" = ?`).all(row.id),
});

SCIMMY.Resources.declare(SCIMMY.Resources.Group, {
    egress: (resource) => {
        const excluded = resource.attributes?.some((attributes) => attributes.members?.[0] === "np");
        return read("groups", "displayName", resource, excluded ? shown : withMembers);
    },
    ingress: change((resource, instance) => {
        const row = write("groups", instance.displayName, resource, instance);
        replace("members", `"group"`, "user", row.id, (instance.members ?? []).map((member) => member.value));
        return withMembers(row);
    }),
    degress: remove("groups"),
});

express()
    .use("/scim/v2", new SCIMMYRouters({
        type: "bearer",
        baseUri: (request) => `http://${request.headers.host}`,
        handler: (request) => {
            if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Error("wrong token");
        },
    }))
    .listen(Number(PORT), "127.0.0.1");
