// Microsoft's own library for bots, against the simulated Bot Connector: it judges the same tokens as Switchroom does, and
// sends and reads members. Prints a line for each thing that went well.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ChannelValidation, ConnectorClient, SimpleCredentialProvider } from "botframework-connector";

const facts = JSON.parse(readFileSync(process.argv[2], "utf8"));
ChannelValidation.OpenIdMetadataEndpoint = `${facts.base}/bot/v1/.well-known/openidconfiguration`;
const credentials = new SimpleCredentialProvider(facts.app, "");

async function checked(name, act) {
  try {
    await act();
    console.log(`ok ${name}`);
  } catch (e) {
    console.log(`failed ${name}: ${e.stack}`);
    process.exitCode = 1;
  }
}

for (const { name, authorization, activity, believed } of facts.cases) {
  await checked(`token: ${name}`, async () => {
    let why;
    try {
      const header = authorization ?? "";
      const identity = await ChannelValidation.authenticateChannelTokenWithServiceUrl(
        header, credentials, activity.serviceUrl, activity.channelId);
      why = identity?.isAuthenticated ? undefined : "not authenticated";
    } catch (e) {
      why = e.message;
    }
    assert.equal(why === undefined, believed, `the library says: ${why ?? "believed"}`);
  });
}

const form = new URLSearchParams(facts.token);
const answer = await fetch(`${facts.base}/${facts.tenant}/oauth2/v2.0/token`, { method: "POST", body: form });
const { access_token: token } = await answer.json();
const bearer = {
  signRequest: async (request) => {
    request.headers.set("authorization", `Bearer ${token}`);
    return request;
  },
};
const client = new ConnectorClient(bearer, { baseUri: facts.serviceUrl.replace(/\/$/, "") });

await checked("members come in pages", async () => {
  const first = await client.conversations.getConversationPagedMembers(facts.chat, { pageSize: 50 });
  assert.equal(first.members.length, 50);
  const { continuationToken } = first;
  const second = await client.conversations.getConversationPagedMembers(facts.chat, { pageSize: 50, continuationToken });
  assert.equal(second.members.length, facts.people - 50);
  assert.ok(first.members.every((m) => m.id.startsWith("29:") && m.aadObjectId.length === 36));
});

await checked("a message is sent", async () => {
  const sent = await client.conversations.sendToConversation(facts.chat, { type: "message", text: "hello from another library" });
  assert.ok(sent.id);
});

await checked("without a token nothing is sent", async () => {
  const nobody = new ConnectorClient({ signRequest: async (r) => r }, { baseUri: facts.serviceUrl.replace(/\/$/, ""), noRetryPolicy: true });
  await assert.rejects(
    nobody.conversations.sendToConversation(facts.chat, { type: "message", text: "x" }),
    (e) => e.statusCode === 401,
  );
});
