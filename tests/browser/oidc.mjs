// An OpenID provider in this process. Its sign-in page asks who you are, and believes it.

import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { once } from "node:events";

import { Provider } from "./packages.mjs";

async function freePort() {
  const socket = createSocket().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

/** `people` is each one's claims by the name that the sign-in page shows; `rules` are the console's. */
export async function startOidc(people, rules) {
  const consolePort = await freePort();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const redirect = `http://127.0.0.1:${consolePort}/sign-in/oidc/callback`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: "rollcall", redirect_uris: [redirect], token_endpoint_auth_method: "none" },
    ],
    claims: { profile: ["name", "groups"], email: ["email"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: id, ...people[id] }) }),
    interactions: { url: (_, interaction) => `/choose/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ["a key for tests"] },
    ttl: { AccessToken: 600, AuthorizationCode: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    // Nobody is asked whether the console may know the name.
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on("request", async (request, response) => {
    const url = new URL(request.url, issuer);
    const choice = url.pathname.match(/^\/choose\/[\w-]+$/);
    if (!choice) return callback(request, response);
    const accountId = url.searchParams.get("as");
    if (accountId === "nobody") {
      return provider.interactionFinished(request, response, { error: "access_denied" });
    }
    if (accountId) return provider.interactionFinished(request, response, { login: { accountId } });
    const links = [...Object.keys(people), "nobody"].map((name) => `<p><a href="?as=${name}">${name}</a></p>`);
    response.setHeader("content-type", "text/html; charset=utf-8");
    return response.end(`<!doctype html><html lang="en"><title>Who are you?</title>${links.join("")}</html>`);
  });
  return {
    consolePort,
    settings: {
      ROLLCALL_CONSOLE_OIDC_ISSUER: issuer,
      ROLLCALL_CONSOLE_OIDC_NAME: "Acme login",
      ROLLCALL_CONSOLE_ROLES: rules.join(","),
    },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
