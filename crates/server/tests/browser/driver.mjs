// Chromium for the tests in Rust: each line of the input is a call of the page's `phone`, each line of the output what came
// of it. `reload` loads the page anew, `close` ends it without a word, `tab` opens another page.
//
//   node driver.mjs http://ADDRESS sound.wav

import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [origin, sound] = process.argv.slice(2);
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
const context = await browser.newContext();
let page;

async function open() {
  page = await context.newPage();
  // On the server's own origin, so that the page may call the API and use the microphone.
  await page.route('**/a-page-of-the-test', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(`${origin}/a-page-of-the-test`);
  await page.waitForFunction(() => window.phone);
}

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
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await browser.close();
