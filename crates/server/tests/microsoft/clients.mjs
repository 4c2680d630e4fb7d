// Clients that nobody here wrote, against the simulated Microsoft: MSAL for Node gets tokens, the Graph client walks a
// directory, and another client of OpenID Connect signs in. Prints a line for each thing that went well.
import assert from "node:assert/strict";
import { createDecipheriv, createHash, createHmac, createPublicKey, constants, privateDecrypt, timingSafeEqual, verify } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from "@microsoft/microsoft-graph-client";
import * as oidc from "openid-client";

const facts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { base, tid, web, worker, page } = facts;
const graphScope = ["https://graph.microsoft.com/.default"];
const host = new URL(base).host;

const auth = (clientId, more) => ({
  auth: { clientId, authority: `${base}/${tid}`, knownAuthorities: [host], ...more },
});
const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const graph = (token) =>
  Client.init({
    baseUrl: `${base}/`,
    defaultVersion: "v1.0",
    customHosts: new Set([new URL(base).hostname]),
    authProvider: (done) => done(null, token),
  });

// What a person does in a browser: picks themselves, and accepts if they are asked.
async function click(url, name) {
  const follow = async (to) => {
    const answer = await fetch(to, { redirect: "manual" });
    return { to: answer.headers.get("location"), text: await answer.text() };
  };
  const links = (text) =>
    [...text.matchAll(/<a [^>]*href="([^"]*)">(.*?)<\/a>/gs)].map(([, to, words]) => [to.replaceAll("&amp;", "&"), words]);
  let seen = await follow(url);
  for (const words of [name, "Accept"]) {
    if (seen.to) break;
    const link = links(seen.text).find(([, w]) => w.includes(words));
    assert.ok(link, `no link ${words} in ${seen.text}`);
    seen = await follow(new URL(link[0], base).href);
  }
  assert.ok(seen.to, seen.text);
  return new URL(seen.to);
}

async function checked(name, act) {
  try {
    await act();
    console.log(`ok ${name}`);
  } catch (e) {
    console.log(`failed ${name}: ${e.stack}`);
    process.exitCode = 1;
  }
}

let appToken;
let userToken;

await checked("msal: an application alone, by secret", async () => {
  const app = new ConfidentialClientApplication(auth(worker, { clientSecret: facts.secret }));
  const got = await app.acquireTokenByClientCredential({ scopes: graphScope });
  assert.deepEqual(claimsOf(got.accessToken).roles, ["Presence.Read.All", "User.Read.All"]);
  assert.ok((await app.acquireTokenByClientCredential({ scopes: graphScope })).fromCache);
  appToken = got.accessToken;
  const wrong = new ConfidentialClientApplication(auth(worker, { clientSecret: "wrong" }));
  await assert.rejects(wrong.acquireTokenByClientCredential({ scopes: graphScope }), /7000215/);
});

await checked("msal: an application alone, by certificate", async () => {
  const clientCertificate = { thumbprintSha256: facts.thumbprint, privateKey: facts.privateKey };
  const app = new ConfidentialClientApplication(auth(worker, { clientCertificate }));
  const got = await app.acquireTokenByClientCredential({ scopes: graphScope });
  assert.equal(claimsOf(got.accessToken).appidacr, "2");
});

let heard;
await checked("msal: a person signs in by code with PKCE, and tokens are refreshed", async () => {
  const app = new ConfidentialClientApplication(auth(web, { clientSecret: facts.secret }));
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const scopes = ["User.Read", "Presence.ReadWrite", "Presence.Read.All"];
  const url = await app.getAuthCodeUrl({
    scopes, redirectUri: facts.redirect, codeChallenge: challenge, codeChallengeMethod: "S256", state: "s1", nonce: "n1",
  });
  const back = await click(url, "Robin Ray");
  assert.equal(back.searchParams.get("state"), "s1");
  const code = back.searchParams.get("code");
  const wish = { code, scopes, redirectUri: facts.redirect, codeVerifier: verifier };
  await assert.rejects(app.acquireTokenByCode({ ...wish, codeVerifier: `${verifier}x` }), /501481/);
  const got = await app.acquireTokenByCode({ ...wish, nonce: "n1" });
  assert.equal(got.account.username, facts.robin);
  assert.equal(got.idTokenClaims.tid, tid);
  const silent = await app.acquireTokenSilent({ account: got.account, scopes, forceRefresh: true });
  assert.notEqual(silent.accessToken, got.accessToken);
  userToken = silent.accessToken;
  await assert.rejects(app.acquireTokenSilent({ account: got.account, scopes: ["User.Read.All"], forceRefresh: true }), /65001/);
});

await checked("msal: a page has a token for an API, which asks on behalf of the person", async () => {
  const scope = `api://${web}/access_as_user`;
  const app = new PublicClientApplication(auth(page));
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const url = await app.getAuthCodeUrl({
    scopes: [scope], redirectUri: facts.redirect, codeChallenge: challenge, codeChallengeMethod: "S256",
  });
  const code = (await click(url, "Robin Ray")).searchParams.get("code");
  heard = (await app.acquireTokenByCode({ code, scopes: [scope], redirectUri: facts.redirect, codeVerifier: verifier })).accessToken;
  assert.equal(claimsOf(heard).aud, web);
  const api = new ConfidentialClientApplication(auth(web, { clientSecret: facts.secret }));
  const got = await api.acquireTokenOnBehalfOf({ oboAssertion: heard, scopes: ["User.Read"] });
  const me = await graph(got.accessToken).api("/me").get();
  assert.equal(me.userPrincipalName, facts.robin);
});

await checked("keys: a token is signed by a published key", async () => {
  const { keys } = await (await fetch(`${base}/common/discovery/v2.0/keys`)).json();
  const [head, body, signature] = heard.split(".");
  const { kid, alg } = JSON.parse(Buffer.from(head, "base64url"));
  assert.equal(alg, "RS256");
  const key = createPublicKey({ key: keys.find((k) => k.kid === kid), format: "jwk" });
  assert.ok(verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url")));
});

await checked("openid-client: signs in, checks the signature, asks who it was", async () => {
  const issuer = new URL(`${base}/${tid}/v2.0`);
  const config = await oidc.discovery(issuer, web, facts.secret);
  oidc.enableNonRepudiationChecks(config);
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: facts.redirect, scope: "openid profile email", state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const back = await click(url.href, "Olga Oak");
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  });
  const { sub, name, roles } = tokens.claims();
  assert.deepEqual([name, roles], ["Olga Oak", ["owner"]]);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, sub);
  assert.equal(info.email, facts.olga);
});

await checked("graph: everybody by delta, and then what changed", async () => {
  const client = graph(appToken);
  const walk = async (path) => {
    const seen = new Map();
    const first = await client.api(path).header("Prefer", "odata.maxpagesize=50").get();
    const pages = new PageIterator(client, first, (u) => seen.set(u.id, u) && true);
    await pages.iterate();
    return { seen, link: pages.getDeltaLink() };
  };
  const { seen, link } = await walk("/users/delta?$select=displayName,businessPhones,accountEnabled");
  assert.equal(seen.size, facts.people);
  assert.equal((await walk(link)).seen.size, 0);
  const robin = await client.api(`/users/${facts.robin}`).select(["id", "displayName"]).get();
  assert.equal(seen.get(robin.id).displayName, robin.displayName);
  await assert.rejects(client.api("/users/delta?$deltatoken=bm9uc2Vuc2U").get(), (e) => e.statusCode === 400);
  await assert.rejects(client.api("/subscribedSkus").get(), (e) => e.statusCode === 403 && e.code === "Authorization_RequestDenied");
});

await checked("graph: a batch", async () => {
  const client = graph(appToken);
  // Only the path of it is sent.
  const ask = (id, path) => ({ id, request: new Request(`https://graph.microsoft.com${path}`) });
  const content = new BatchRequestContent([ask("1", `/users/${facts.robin}`), ask("2", "/users/nobody")]);
  const batch = new BatchResponseContent(await client.api("/$batch").post(await content.getContent()));
  assert.equal((await batch.getResponseById("1").json()).displayName, "Robin Ray");
  assert.equal(batch.getResponseById("2").status, 404);
});

await checked("graph: presences, and setting one", async () => {
  const { id } = await graph(appToken).api(`/users/${facts.robin}`).get();
  const mine = graph(userToken);
  await mine.api("/me/presence/setPresence").post({ sessionId: web, availability: "DoNotDisturb", activity: "Presenting", expirationDuration: "PT5M" });
  const { value } = await graph(appToken).api("/communications/getPresencesByUserId").post({ ids: [id] });
  assert.deepEqual([value[0].id, value[0].availability], [id, "DoNotDisturb"]);
  await mine.api("/me/presence/clearPresence").post({ sessionId: web });
});

await checked("graph: the client waits when it is throttled", async () => {
  const began = Date.now();
  const organization = await graph(userToken).api("/organization").get();
  assert.equal(organization.value[0].id, tid);
  assert.ok(Date.now() - began >= 900, "the first was refused with Retry-After: 1");
});

await checked("graph: a subscription is validated, and what it brings can be read", async () => {
  const inbox = [];
  const server = createServer((request, response) => {
    const token = new URL(request.url, "http://x").searchParams.get("validationToken");
    const chunks = [];
    request.on("data", (c) => chunks.push(c));
    request.on("end", () => {
      if (token === null) inbox.push(JSON.parse(Buffer.concat(chunks)));
      response.writeHead(token === null ? 202 : 200, { "Content-Type": "text/plain" }).end(token ?? "");
      if (token === null) server.emit("notice");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const mine = graph(userToken);
  const { id } = await mine.api("/me").get();
  const subscription = await mine.api("/subscriptions").post({
    changeType: "updated", notificationUrl: `http://127.0.0.1:${server.address().port}/notify`, resource: `/communications/presences/${id}`,
    expirationDateTime: new Date(Date.now() + 3_000_000).toISOString(), clientState: "secret", includeResourceData: true,
    encryptionCertificate: facts.certificate, encryptionCertificateId: "c1",
  });
  const notice = once(server, "notice");
  await mine.api("/me/presence/setPresence").post({ sessionId: web, availability: "Busy", activity: "InACall", expirationDuration: "PT5M" });
  await notice;
  const [item] = inbox[0].value;
  assert.deepEqual([item.subscriptionId, item.clientState], [subscription.id, "secret"]);
  const { data, dataKey, dataSignature } = item.encryptedContent;
  const key = privateDecrypt({ key: facts.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, Buffer.from(dataKey, "base64"));
  const sealed = Buffer.from(data, "base64");
  assert.ok(timingSafeEqual(createHmac("sha256", key).update(sealed).digest(), Buffer.from(dataSignature, "base64")));
  const opened = createDecipheriv("aes-256-cbc", key, key.subarray(0, 16));
  const presence = JSON.parse(Buffer.concat([opened.update(sealed), opened.final()]));
  assert.deepEqual([presence.id, presence.activity], [id, "InACall"]);
  assert.equal(createHash("sha256").update(Buffer.from(facts.certificate, "base64")).digest("hex"), facts.thumbprint.toLowerCase());
  await mine.api(`/subscriptions/${subscription.id}`).delete();
  server.close();
});

// Whatever is still open belongs to something that failed.
process.exit();
