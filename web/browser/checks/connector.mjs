// The tab in Teams: a made-up host signs in for it (nested app authentication), a made-up Graph says who is here; MSAL.js
// and TeamsJS are the real ones.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createServer as createSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../chromium.mjs';
import { serveFake } from '../fake/server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const APP = '5c0de000-0000-4000-8000-000000000007';
const DIRECTORY = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const b64 = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');

/** Teams around the tab. What it was asked for stands in `asked`; how it signs in is said by `window.naa`. */
const host = (app, { sub, hash, without, place }) => `<!doctype html><title>Host</title><iframe src="${app}/connector?tenant=harbour${hash}" style="width:100%;height:700px"></iframe>
<script>
  const say = (m) => document.querySelector('iframe').contentWindow.postMessage(m, '${app}');
  window.without = '${without}'; window.asked = []; window.tokens = []; window.naa = new URLSearchParams(location.search).get('naa') ?? 'yes';
  const supports = { call: {}, nestedAppAuth: window.naa === 'none' ? undefined : { deeplyNestedAuth: {} } };
  const runtime = JSON.stringify({ apiVersion: 4, isNAAChannelRecommended: window.naa !== 'none', supports, hostVersionsInfo: {} });
  const idToken = '${b64({ alg: 'none' })}.${b64({ oid: 'u1', tid: DIRECTORY, sub: 's', name: 'Anna', preferred_username: 'anna@harbour.example', aud: APP, iss: 'x', exp: 4102444800 })}.x';
  const account = { homeAccountId: 'u1.${DIRECTORY}', environment: 'login.microsoftonline.com', tenantId: '${DIRECTORY}', username: 'anna@harbour.example', localAccountId: 'u1', name: 'Anna' };
  function signIn(request) {
    const answer = { messageType: 'NestedAppAuthResponse', requestId: request.requestId, success: true };
    if (request.method === 'GetInitContext') return { ...answer, initContext: { sdkName: 'host', sdkVersion: '1', capabilities: {}, accountContext: account } };
    window.tokens.push({ method: request.method, ...request.tokenParams });
    if (window.naa === 'ask' && request.method === 'GetToken') return { ...answer, success: false, error: { status: 'USER_INTERACTION_REQUIRED', code: 'interaction_required', description: 'consent' } };
    if (window.naa === 'refuse' || (window.without && request.tokenParams.scope.includes(window.without))) return { ...answer, success: false, error: { status: request.method === 'GetToken' ? 'USER_INTERACTION_REQUIRED' : 'USER_CANCEL', code: 'access_denied', description: 'no' } };
    return { ...answer, token: { access_token: 'for:' + request.tokenParams.scope, expires_in: 3600, id_token: idToken, scope: request.tokenParams.scope }, account };
  }
  addEventListener('message', ({ data }) => {
    if (!data || !data.func) return;
    window.asked.push([data.func, data.args]);
    if (data.func === 'nestedAppAuth.execute') return say({ args: ['x', JSON.stringify(signIn(JSON.parse(data.data)))] });
    const answers = {
      initialize: ['content', 'web', '2.0.1', runtime],
      getContext: [{ locale: 'de-DE', theme: 'default', entityId: 'connector', frameContext: 'content', sessionId: '1', appSessionId: '1', hostClientType: 'web', hostName: 'Teams', ${place}, tid: '${DIRECTORY}', userObjectId: 'u1', subEntityId: window.sub ?? '${sub}', loginHint: 'anna@harbour.example' }],
      'call.startCall': [true],
      'app.openLink': [true], openLink: [true], executeDeepLink: [true],
    };
    if (answers[data.func]) say({ id: data.id, uuidAsString: data.uuidAsString, args: answers[data.func] });
  });
</script>`;

/** Who is in the chat: three people with a name, the last of another organisation, and very many more. */
function graph(log, many, refuses) {
  const server = createServer(async (request, response) => {
    const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Expose-Headers': '*', 'Content-Type': 'application/json' };
    if (request.method === 'OPTIONS') return response.writeHead(204, headers).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    log.push({ url: request.url, auth: request.headers.authorization });
    const base = `http://127.0.0.1:${server.address().port}`;
    if (refuses.some((part) => request.url.includes(part))) return response.writeHead(403, headers).end(JSON.stringify({ error: { code: 'Authorization_RequestDenied' } }));
    if (request.url.includes('/members')) {
      const page = Number(new URL(request.url, base).searchParams.get('page') ?? 0);
      const more = Array.from({ length: many }, (_, n) => ({ userId: `m${page}-${n}`, displayName: `Person ${page} ${n}`, tenantId: DIRECTORY }));
      const value = page === 0
        ? [{ userId: 'b', displayName: 'Ben Brooks', tenantId: DIRECTORY }, { userId: 'c', displayName: 'Cleo <b>Cole</b>', tenantId: DIRECTORY }, { userId: 'g', displayName: 'Gus Guest', tenantId: 'other' }, ...more]
        : more;
      const next = many && page < 9 ? { '@odata.nextLink': `${base}/v1.0/chats/x/members?page=${page + 1}` } : {};
      return response.writeHead(200, headers).end(JSON.stringify({ value, ...next }));
    }
    const { requests } = JSON.parse(Buffer.concat(chunks).toString());
    const user = { b: { businessPhones: ['+49 421 55501'], mobilePhone: '+49 171 5550123', userPrincipalName: 'ben@harbour.example' }, c: { businessPhones: [], mobilePhone: null, userPrincipalName: 'cleo@harbour.example' } };
    const responses = requests.map(({ id }) => (user[id] ? { id, status: 200, body: { id, ...user[id] } } : { id, status: 404, body: {} }));
    response.writeHead(200, headers).end(JSON.stringify({ responses }));
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'teams-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=teams.microsoft.com', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

/** Where the tab stands, as Teams says it. */
const places = {
  chat: "chatId: '19:harbour@thread.v2'",
  channel: "teamId: '19:team@thread.tacv2', groupId: 'g1', channelId: '19:channel@thread.tacv2'",
  team: "teamId: '19:team@thread.tacv2', groupId: 'g1'",
};

/** Opens the tab inside the made-up Teams, and closes everything afterwards. */
async function inTeams({ naa = 'yes', many = 0, sub = '', hash = '', tab = {}, without = '', place = 'chat' }, act) {
  const log = [];
  // Parts of Graph's addresses that are refused from now on.
  const refuses = [];
  const people = await graph(log, many, refuses);
  const graphAt = `http://127.0.0.1:${people.address().port}`;
  const fake = await serveFake({ still: true, offers: false, ancestors: "'self' https://teams.microsoft.com:*", tab: { app: APP, directory: DIRECTORY, graph: graphAt, login: 'https://login.microsoftonline.com', ...tab } });
  const server = createSecure(certificate(), (_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(host(fake.address, { sub, hash, without, place: places[place] }));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const browser = await launch([
    `--host-resolver-rules=MAP teams.microsoft.com 127.0.0.1:${server.address().port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    '--disable-features=LocalNetworkAccessChecks',
  ]);
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (e) => errors.push(e.message));
    await page.goto(`https://teams.microsoft.com/?naa=${naa}`);
    await act({ page, tab: page.frameLocator('iframe'), log, fake, refuses });
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    server.close();
    people.close();
    await fake.stop();
  }
}

export const checks = {
  'the tab lists who is in the chat with their numbers, and a click calls': () =>
    inTeams({}, async ({ page, tab, log, fake }) => {
      await tab.getByRole('button', { name: /Geschäftlich .*555/ }).waitFor();
      await tab.getByRole('button', { name: /Mobil .*555/ }).waitFor();
      assert.equal(await tab.getByText('Cleo <b>Cole</b>').count(), 1, 'a name is text');
      await tab.getByText('(Gast)').waitFor();
      assert.equal(await tab.getByText('keine Nummer').count(), 2);
      // Tokens are the user's own, each for what it is needed for, and go to Graph only.
      const [members] = log;
      assert.match(members.auth, /^Bearer for:.*ChatMember\.Read/);
      assert.ok(log.some((l) => l.url === '/v1.0/$batch' && /User\.Read\.All/.test(l.auth)));
      assert.ok(fake.log.every((r) => !JSON.stringify(r).includes('for:')), 'no token for Graph passes our server');
      await tab.getByLabel('Personen suchen').fill('BEN');
      await tab.getByText('Cleo').waitFor({ state: 'detached' });
      await tab.getByRole('button', { name: /Geschäftlich/ }).click();
      await tab.getByText('Ihr Softphone hat die Nummer bekommen.').waitFor();
      const opened = (await page.evaluate(() => window.asked)).find(([f]) => /openLink|DeepLink/i.test(f));
      assert.ok(opened && String(opened[1]).includes('/call?tenant=harbour#scheme=tel&number=%2B4942155501'), JSON.stringify(opened));
      await tab.getByRole('button', { name: /Ben Brooks.* in Teams anrufen/ }).click();
      for (let n = 0; n < 100 && !(await page.evaluate(() => window.asked.some(([f]) => f === 'call.startCall'))); n += 1) await page.waitForTimeout(30);
      const call = (await page.evaluate(() => window.asked)).find(([f]) => f === 'call.startCall');
      assert.ok(JSON.stringify(call).includes('ben@harbour.example'), JSON.stringify(call));
      // The server was asked whether it may be called, and not by whom.
      assert.deepEqual(fake.log.filter((r) => r.path.endsWith('/softphone-link')).map((r) => r.body), [{ to: '+4942155501', through: null }]);
      const links = async () => (await page.evaluate(() => window.asked)).filter(([f]) => /openLink|DeepLink/i.test(f)).length;
      const before = await links();
      await tab.getByLabel('Andere Nummer').fill('0900 1234567');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      await tab.getByText('Ihre Organisation ruft Nummern dieser Art nicht an.').waitFor();
      assert.equal(await links(), before, 'what is refused is opened by nothing');
      // What is no number is not called.
      await tab.getByLabel('Andere Nummer').fill('*21*0900#');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      await tab.getByText('Das ist keine Nummer').waitFor();
      // Everybody can use it.
      const frame = page.frames()[1];
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      await frame.evaluate(axe);
      const found = await frame.evaluate(() => window.axe.run({ exclude: [['[data-tabster-dummy]']] }));
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ').slice(0, 300)}`), []);
      // What was chosen stands in the tab's own storage.
      await tab.getByLabel('Mobilnummern zeigen').uncheck();
      await tab.getByRole('button', { name: /Mobil / }).waitFor({ state: 'detached' });
      assert.equal(await page.frames()[1].evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('switchroom.connector/')))).mobile), false);
    }),

  'five thousand people are searched, and only those who are drawn are asked about': () =>
    inTeams({ many: 600 }, async ({ tab, log }) => {
      await tab.getByText('Nur die ersten').waitFor();
      await tab.getByLabel('Personen suchen').fill('Person 7 599');
      await tab.getByText('Person 7 599').waitFor();
      assert.ok(log.filter((l) => l.url === '/v1.0/$batch').length < 12, 'numbers of those who are not drawn are not read');
    }),

  'where consent is needed the client asks the person, and a refusal is said': async () => {
    await inTeams({ naa: 'ask' }, async ({ page, tab }) => {
      await tab.getByText('Ben Brooks').waitFor();
      assert.ok((await page.evaluate(() => window.tokens)).some((t) => t.method === 'GetTokenPopup'));
    });
    await inTeams({ naa: 'refuse' }, async ({ tab }) => {
      await tab.getByText('Bitten Sie die Administration um Zustimmung').waitFor();
    });
  },

  'a consent that is taken back in the middle is said, and nothing from before is shown': () =>
    inTeams({ many: 600 }, async ({ page, tab, log, refuses }) => {
      const number = tab.getByRole('button', { name: /Geschäftlich/ });
      await number.waitFor();
      // Numbers are refused: the names stay, no number does, and Graph is not asked over and over.
      refuses.push('$batch');
      await tab.getByLabel('Personen suchen').fill('Person 7 59');
      await tab.getByText('lässt diese App keine Nummern lesen').waitFor();
      const asked = () => log.filter((l) => l.url === '/v1.0/$batch').length;
      const before = asked();
      await tab.getByLabel('Personen suchen').fill('Ben');
      await tab.getByText('Ben Brooks').waitFor();
      await tab.getByText('Person 7').first().waitFor({ state: 'detached' });
      assert.equal(await number.count(), 0, 'a number from before is not shown');
      assert.equal(await tab.getByText('keine Nummer', { exact: true }).count(), 0, 'nor is it said that there is none');
      assert.equal(asked(), before, 'what is refused is not asked for again by itself');
      // Tried again while not even the members may be read: nobody is shown.
      refuses.push('/members');
      await tab.getByRole('button', { name: 'Noch einmal' }).click();
      await tab.getByText('Bitten Sie die Administration um Zustimmung').first().waitFor();
      await tab.getByText('Ben Brooks').waitFor({ state: 'detached' });
      // Allowed again, everything is there again.
      refuses.length = 0;
      await tab.getByRole('button', { name: 'Noch einmal' }).click();
      await number.waitFor();
      assert.ok(page);
    }),

  'a client that signs in for no app says so, and a number can still be called': () =>
    inTeams({ naa: 'none' }, async ({ page, tab }) => {
      await tab.getByText('meldet sich nicht für Apps in ihm an').waitFor();
      await tab.getByLabel('Andere Nummer').fill('+49 421 55501');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      await tab.getByText('Ihr Softphone hat die Nummer bekommen.').waitFor();
      assert.deepEqual(await page.evaluate(() => window.tokens), []);
    }),

  'only the ways that are set up are offered, and of whoever is signed in the server knows who calls': async () => {
    const soft = (id, scheme) => ({ id, name: '', kind: 'address', server_dial: false, scheme, wants_password: false, other_phone: false, untried: false, line: 'known' });
    const server = { id: 'asterisk', name: 'Asterisk', kind: 'ari', server_dial: true, scheme: null, wants_password: false, other_phone: false, untried: false, line: 'known' };
    const ways = { scope: `api://127.0.0.1/${APP}/access_as_user`, ways: [soft('brand', 'brandcall'), server, soft('max', 'maxuccall')] };
    const radios = (tab) => tab.getByRole('radio').evaluateAll((all) => all.map((r) => r.value));
    const opened = async (page) => (await page.evaluate(() => window.asked)).find(([f]) => /openLink|DeepLink/i.test(f));
    const press = async (tab) => {
      await tab.getByLabel('Andere Nummer').fill('+49 421 55501');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
    };
    await inTeams({ tab: ways }, async ({ page, tab, fake }) => {
      await tab.getByText('Ben Brooks').waitFor();
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      assert.deepEqual(await radios(tab), ['brand', 'asterisk', 'max']);
      await tab.getByRole('radio', { name: 'max' }).click();
      await press(tab);
      await tab.getByText('Ihr Softphone hat die Nummer bekommen.').waitFor();
      const [asked] = fake.log.filter((r) => r.method === 'POST');
      assert.deepEqual([asked.path, asked.body.to, asked.body.through], ['/dial', '+4942155501', 'max']);
      assert.ok(String((await opened(page))[1]).includes('#scheme=maxuccall&number=%2B4942155501'));
    });
    // Where people sign in, a client that does not has no way at all, and says so; nothing is asked of the server.
    await inTeams({ naa: 'none', tab: ways }, async ({ page, tab, fake }) => {
      await tab.getByText('und niemand kann angerufen werden').waitFor();
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      assert.deepEqual(await radios(tab), []);
      await press(tab);
      await tab.getByText('Kein Weg zum Anrufen').waitFor();
      assert.deepEqual(fake.log.filter((r) => r.method === 'POST'), []);
      assert.equal(await opened(page), undefined);
    });
    // Nor is a number given to a softphone for somebody who refuses to sign in.
    await inTeams({ without: 'access_as_user', tab: ways }, async ({ page, tab, fake }) => {
      await tab.getByText('Ben Brooks').waitFor();
      await press(tab);
      await tab.getByText('lässt diese App nicht für Sie anrufen').waitFor();
      assert.deepEqual(fake.log.filter((r) => r.method === 'POST'), []);
      assert.equal(await opened(page), undefined);
    });
    // Where nobody signs in for calls, softphones are left, and the organisation's own rules count.
    await inTeams({ naa: 'none', tab: { ways: [soft('brand', 'brandcall'), soft('max', 'maxuccall')] } }, async ({ page, tab, fake }) => {
      await tab.getByText('Eine Nummer können Sie trotzdem anrufen').waitFor();
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      assert.deepEqual(await radios(tab), ['brand', 'max']);
      await press(tab);
      await tab.getByText('Ihr Softphone hat die Nummer bekommen.').waitFor();
      assert.deepEqual(fake.log.filter((r) => r.method === 'POST').map((r) => [r.path, r.body]), [['/connector/harbour/softphone-link', { to: '+4942155501', through: 'brand' }]]);
      assert.ok(String((await opened(page))[1]).includes('#scheme=brandcall&'));
    });
    await inTeams({ naa: 'none', tab: { ...ways, ways: [server] } }, async ({ page, tab }) => {
      await tab.getByText('meldet sich nicht für Apps in ihm an').waitFor();
      await press(tab);
      await tab.getByText('Kein Weg zum Anrufen').waitFor();
      assert.equal(await opened(page), undefined);
    });
  },

  'a pass takes the place of another one only when the person says so, who sees whose line each is for': async () => {
    const way = { id: 'asterisk', name: 'Office', kind: 'ari', server_dial: true, scheme: null, wants_password: false, other_phone: false, untried: false, line: 'pass' };
    const [kept, other, strange] = ['A', 'B', 'C'].map((letter) => `asterisk~${letter.repeat(60)}`);
    const passes = { [kept]: { ending: '01', made: '2026-11-20T09:00:00Z' }, [other]: { ending: '77', made: '2026-11-21T09:00:00Z' } };
    const tabOf = { scope: `api://127.0.0.1/${APP}/access_as_user`, ways: [way], passes };
    const stored = (page) => page.frames()[1].evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('switchroom.connector/')))).passes.asterisk);
    const paste = (tab, pass) => tab.getByLabel('Leitungspass Ihrer Administration').fill(pass);
    await inTeams({ tab: tabOf, sub: kept }, async ({ page, tab }) => {
      await tab.getByText('Ihr Leitungspass ist in diesem Browser aufbewahrt').waitFor();
      // The tab opens again by another link.
      await page.evaluate((pass) => {
        window.sub = pass;
        const frame = document.querySelector('iframe');
        frame.replaceWith(Object.assign(document.createElement('iframe'), { src: frame.src, style: frame.style.cssText }));
      }, other);
      const dialog = tab.getByRole('alertdialog', { name: 'Ihren Leitungspass ersetzen?' });
      await dialog.getByText('mit dem Ende 01').waitFor();
      await dialog.getByText('mit dem Ende 77').waitFor();
      assert.equal(await stored(page), kept, 'nothing is replaced before somebody says so');
      const inside = page.frames()[1];
      await inside.evaluate(axe);
      const found = await inside.evaluate(() => window.axe.run({ exclude: [['[data-tabster-dummy]']] }));
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ').slice(0, 300)}`), []);
      // By the keyboard alone: what changes nothing comes first.
      await dialog.getByRole('button', { name: 'Meinen behalten' }).press('Enter');
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await stored(page), kept);
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      await paste(tab, strange);
      await dialog.getByText('ein Pass, der hier nicht gilt').waitFor();
      await dialog.getByText('bitten Sie Ihre Administration um einen Leitungspass').waitFor();
      assert.equal(await dialog.getByRole('button', { name: 'Den neuen nehmen' }).count(), 0, 'one that does not count takes no place');
      await dialog.getByRole('button', { name: 'Meinen behalten' }).click();
      await paste(tab, other);
      await dialog.getByRole('button', { name: 'Den neuen nehmen' }).click();
      await tab.getByText('Ihr Leitungspass ist in diesem Browser aufbewahrt').waitFor();
      assert.equal(await stored(page), other);
    });
  },

  'what somebody may at the telephone system is asked with their password only when they press': async () => {
    const portal = { id: 'portal', name: 'Portal', kind: 'commportal', server_dial: true, scheme: null, wants_password: true, other_phone: true, untried: false, line: 'typed' };
    const tabOf = { scope: `api://127.0.0.1/${APP}/access_as_user`, ways: [portal], may: { click: true, other_phone: true } };
    await inTeams({ tab: tabOf }, async ({ tab, fake }) => {
      await tab.getByLabel('Ihre Leitung bei der Telefonanlage').fill('2015550123');
      const password = tab.getByLabel('Ihr Passwort bei der Telefonanlage');
      await password.fill('canary-Pa55');
      await password.blur();
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      // Whatever the page asks by itself is asked before what is pressed now.
      await tab.getByRole('button', { name: 'Prüfen, was ich dort darf' }).click();
      await tab.getByText('dass ein anderes Telefon zuerst klingelt').waitFor();
      await tab.getByLabel('Ein anderes Telefon').waitFor();
      assert.deepEqual(fake.log.filter((r) => r.path === '/dial/may').map((r) => r.body.password), ['canary-Pa55']);
    });
  },

  'a line pass that a link brings is kept in the tab\'s own storage and goes with each call, and so does a line that a password proves': async () => {
    const way = (id, line) => ({ id, name: id, kind: line === 'typed' ? 'commportal' : 'ari', server_dial: true, scheme: null, wants_password: line === 'typed', other_phone: line === 'typed', untried: line === 'pass', line });
    const scope = `api://127.0.0.1/${APP}/access_as_user`;
    const ways = { scope, ways: [way('portal', 'typed'), way('asterisk', 'pass')] };
    const pass = `asterisk~${'A-_9'.repeat(30)}`;
    const dialled = (fake) => fake.log.filter((r) => r.method === 'POST' && r.path === '/dial').map((r) => r.body);
    const stored = (page) => page.frames()[1].evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('switchroom.connector/')))));
    await inTeams({ tab: ways, sub: pass, hash: '#call=+4942155501' }, async ({ page, tab, fake }) => {
      await tab.getByText('Ihr Leitungspass ist in diesem Browser aufbewahrt').waitFor();
      assert.deepEqual((await stored(page)).passes, { asterisk: pass });
      assert.deepEqual(dialled(fake), [], 'nothing is called by itself');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      for (let n = 0; n < 100 && dialled(fake).length === 0; n += 1) await page.waitForTimeout(30);
      const [body] = dialled(fake);
      assert.deepEqual([body.to, body.through, body.line_pass, body.line, body.password], ['+4942155501', 'asterisk', pass, null, null]);
    });
    await inTeams({ tab: ways, hash: '#call=+4942155501' }, async ({ page, tab, fake }) => {
      await tab.getByLabel('Ihre Leitung bei der Telefonanlage').fill('(201) 555-0123');
      await tab.getByLabel('Ihr Passwort bei der Telefonanlage').fill('canary-Pa55');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      for (let n = 0; n < 100 && dialled(fake).length === 0; n += 1) await page.waitForTimeout(30);
      const [body] = dialled(fake);
      assert.deepEqual([body.through, body.line, body.line_pass, body.password], ['portal', '2015550123', null, 'canary-Pa55']);
      assert.ok(!JSON.stringify(await stored(page)).includes('canary'), 'a password is kept nowhere');
      // What is no pass is not kept.
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      await tab.getByRole('radio', { name: 'asterisk (nicht an einer echten erprobt)' }).waitFor();
      await tab.getByLabel('Leitungspass Ihrer Administration').fill('nonsense');
      await tab.getByText('Das ist kein Leitungspass').waitFor();
      assert.deepEqual((await stored(page)).passes, {});
    });
  },

  'another phone is offered where the class of service lets it ring, and hidden elsewhere': async () => {
    const portal = { id: 'portal', name: 'Portal', kind: 'commportal', server_dial: true, scheme: null, wants_password: false, other_phone: true, line: 'known' };
    const tabOf = (may) => ({ scope: `api://127.0.0.1/${APP}/access_as_user`, ways: [portal], may });
    const ring = (tab) => tab.getByLabel('Ein anderes Telefon');
    await inTeams({ tab: tabOf({ click: true, other_phone: true }), hash: '#call=+4942155501' }, async ({ page, tab, fake }) => {
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      await ring(tab).fill('+49 171 5550123');
      await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
      const dialled = () => fake.log.filter((r) => r.method === 'POST' && r.path === '/dial').map((r) => r.body);
      for (let n = 0; n < 100 && dialled().length === 0; n += 1) await page.waitForTimeout(30);
      assert.equal(dialled()[0].ring, '+491715550123');
    });
    await inTeams({ tab: tabOf({ click: false, other_phone: false }) }, async ({ tab }) => {
      await tab.getByText('erlaubt Ihnen keine Anrufe per Klick').waitFor();
      assert.ok(await tab.getByRole('button', { name: /Geschäftlich/ }).isDisabled());
      await tab.getByRole('button', { name: 'Einstellungen' }).click();
      await tab.getByLabel('Leitungspass').waitFor({ state: 'detached' });
      assert.equal(await ring(tab).count(), 0);
    });
  },

  'without one of its permissions the tab says so and goes on with everything else': async () => {
    const needs = { chat: 'ChatMember.Read', channel: 'ChannelMember.Read.All', team: 'TeamMember.Read.All' };
    for (const place of Object.keys(needs)) {
      for (const without of [...Object.values(needs), 'User.Read.All']) {
        await inTeams({ place, without }, async ({ page, tab, log }) => {
          if (without === needs[place]) {
            await tab.getByText('Bitten Sie die Administration um Zustimmung').first().waitFor();
            assert.equal(await tab.getByText('Ben Brooks').count(), 0);
            assert.deepEqual(log, [], 'Graph is asked for nothing without a token');
          } else if (without === 'User.Read.All') {
            await tab.getByText('Ben Brooks').waitFor();
            await tab.getByText('lässt diese App keine Nummern lesen').waitFor();
            assert.equal(await tab.getByRole('button', { name: /Geschäftlich/ }).count(), 0);
          } else {
            await tab.getByRole('button', { name: /Geschäftlich .*555/ }).waitFor();
          }
          // A number that is known can be called all the same.
          await tab.getByLabel('Andere Nummer').fill('+49 421 55502');
          await tab.getByRole('button', { name: 'Anrufen', exact: true }).click();
          await tab.getByText('Ihr Softphone hat die Nummer bekommen.').waitFor();
          assert.ok(page);
        });
      }
    }
  },
};
