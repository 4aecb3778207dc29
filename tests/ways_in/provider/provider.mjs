// A real OpenID provider on the loopback. Anybody may sign in there as anybody:
// whom to believe, and what of it, is for the environment to decide.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [modules, redirect, audience] = process.argv.slice(2);
const { default: Provider } = await import(
  createRequire(`${modules}/`).resolve("oidc-provider")
);

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "environment",
      client_secret: "a secret of the environment's",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
    {
      client_id: "nightly-job",
      client_secret: "a secret of the job's",
      redirect_uris: [],
      grant_types: ["client_credentials"],
      response_types: [],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id.replace("unverified-", ""),
      email_verified: !id.startsWith("unverified-"),
    }),
  }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: "ask read publish account",
        audience: resource === "urn:elsewhere" ? resource : audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: resource === "urn:long" ? 86400 : 600,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});
server.on("request", provider.callback());
console.log(issuer);
