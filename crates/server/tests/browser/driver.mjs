// Chromium for the tests in Rust: each line of the input is a call of the page's `phone`, each line of the output what came
// of it. `reload` loads the page anew, `close` ends it without a word, `tab` opens another page.
//
//   node driver.mjs http://ADDRESS sound.wav        the page of the tests, a softphone without a face
//   node driver.mjs http://ADDRESS sound.wav app    the web app, used as people use it

import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [origin, sound, app] = process.argv.slice(2);
const script = readFileSync(new URL('./page.js', import.meta.url), 'utf8');
const html = `<!doctype html><meta charset=utf-8><title>test</title><script type=module>${script}</script>`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${sound}`,
    '--autoplay-policy=no-user-gesture-required',
    '--allow-loopback-in-peer-connection',
    // A page that the test itself answers for counts as one from elsewhere, which may not call this machine.
    '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
  ],
});
const context = await browser.newContext({ locale: 'en-GB', permissions: app ? ['microphone'] : [] });
context.setDefaultTimeout(45_000);
let page;

if (app) {
  await context.addInitScript(readFileSync(new URL('./ear.js', import.meta.url), 'utf8'));
  await context.addInitScript(() => {
    if (!localStorage.getItem('switchroom.preferences')) {
      localStorage.setItem('switchroom.preferences', JSON.stringify({ ringSound: false }));
    }
  });
}

/** What has this role and a name with these words in it, or just these with an equals sign before them. */
function find(role, name) {
  const exact = name.startsWith('=');
  return page.getByRole(role, { name: exact ? name.slice(1) : name, exact }).first();
}

async function open() {
  page = await context.newPage();
  if (app) return page.goto(origin);
  // On the server's own origin, so that the page may call the API and use the microphone.
  await page.route('**/a-page-of-the-test', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(`${origin}/a-page-of-the-test`);
  await page.waitForFunction(() => window.phone);
}

// What people do in the app.
const people = {
  async go(path) {
    await page.goto(`${origin}${path}`);
  },
  async click(role, name) {
    await find(role, name).click();
  },
  async follow(selector) {
    await page.locator(selector).first().click();
  },
  async sees(role, name) {
    await find(role, name).waitFor();
  },
  async reads(text) {
    await page.getByText(text).first().waitFor();
  },
  async press(key) {
    await page.keyboard.press(key);
  },
  async type(text) {
    await page.keyboard.type(text);
  },
  async fill(role, name, text) {
    await find(role, name).fill(text);
  },
  async enter(label, text) {
    await page.getByLabel(label).first().fill(text);
  },
  // A finger that is always right: the passkeys of this page are kept in the browser's own memory.
  async authenticator() {
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true };
    await session.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, isUserVerified: true } });
  },
  // Nobody is signed in here any more.
  async forget() {
    await context.clearCookies();
    await page.goto(origin);
  },
  async anew() {
    await page.reload();
  },
  async just(wanted, all) {
    return page.evaluate(([w, a]) => window.hearsJust(w, a), [wanted, all]);
  },
  async plays() {
    // Loaded by the browser itself, which plays G.711.
    await page.waitForFunction(() => document.querySelector('audio[src^="/api/"]')?.currentTime > 0.3);
  },
};

const commands = {
  async reload() {
    await page.reload();
    await page.waitForFunction(() => window.phone);
  },
  async close() {
    await page.close();
  },
  async tab() {
    await open();
  },
  ...(app ? people : {}),
};

await open();
console.log(JSON.stringify({ ok: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const [call, ...args] = JSON.parse(line);
  try {
    const run = ([name, given]) => window.phone[name](...given);
    const ok = await (commands[call] ? commands[call](...args) : page.evaluate(run, [call, args]));
    console.log(JSON.stringify({ ok: ok ?? null }));
  } catch (error) {
    // What the person sees says more than what was not found.
    const seen = app ? await page.evaluate(() => document.body.innerText.slice(0, 1_000)).catch(() => '') : '';
    console.log(JSON.stringify({ error: `${error}${seen && `; the page says: ${seen}`}` }));
  }
}
await browser.close();
