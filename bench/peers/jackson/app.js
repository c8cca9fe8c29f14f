// The directory sync of @boxyhq/saml-jackson, embedded, with one directory on PostgreSQL.
import { writeFileSync } from "node:fs";
import jackson from "@boxyhq/saml-jackson";
import express from "express";

const { PORT, DATABASE, ADDRESS } = process.env;
const url = `http://127.0.0.1:${PORT}`;

const { directorySyncController: sync } = await jackson.controllers({
    externalUrl: url,
    samlPath: "/saml",
    scimPath: "/scim/v2.0",
    noAnalytics: true,
    // A list is counted by reading it, up to the page limit: with the default, 50, no total exceeds 50.
    db: { engine: "sql", type: "postgres", url: DATABASE, pageLimit: 1_000_000 },
    logger: { info: () => {} },
});

const tenant = { tenant: "bench", product: "bench" };
const known = await sync.directories.getByTenantAndProduct(tenant.tenant, tenant.product);
const directory = known.data?.[0]
    ?? (await sync.directories.create({ ...tenant, name: "bench", type: "generic-scim-v2" })).data;

const number = (text) => (text === undefined ? undefined : Number(text));

express()
    .use(express.json({ type: ["application/scim+json", "application/json"], limit: "64mb" }))
    .all("/scim/v2.0/:directoryId/:resourceType{/:resourceId}", async (request, response) => {
        const { directoryId, resourceType, resourceId } = request.params;
        const { startIndex, count, filter } = request.query;
        const answer = await sync.requests.handle({
            method: request.method,
            body: request.body,
            directoryId,
            resourceType,
            resourceId,
            apiSecret: request.headers.authorization?.replace(/^Bearer /, ""),
            query: { startIndex: number(startIndex), count: number(count), filter },
        }, async () => {});
        response.status(answer.status).json(answer.data);
    })
    .listen(Number(PORT), "127.0.0.1", () => {
        writeFileSync(ADDRESS, JSON.stringify({ path: directory.scim.path, token: directory.scim.secret }));
    });
