// A provider of OpenID Connect as npm has it (oidc-provider), for the file of settings that is its argument. Whoever
// signs in is asked for a login, which is his subject, and any password. Its keys are new at each start.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { privateKey } = await generateKeyPair("RS256", { extractable: true });

const provider = new Provider(settings.issuer, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  cookies: { keys: [settings.client_secret] },
  jwks: { keys: [{ ...await exportJWK(privateKey), use: "sig", alg: "RS256", kid: crypto.randomUUID() }] },
  pkce: { required: () => true },
  async findAccount(_, login) {
    return { accountId: login, claims: async () => ({ sub: login, ...settings.accounts[login] }) };
  },
  // Nobody is asked whether he agrees.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email");
    await grant.save();
    return grant;
  },
});

const tls = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
createServer(tls, provider.callback()).listen(settings.port, "127.0.0.1", () => console.log("listening"));
