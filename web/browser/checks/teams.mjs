// Inside a Teams tab: a made-up host that answers as Teams does shows theme and language, and changes of the theme.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../chromium.mjs';
import { serveFake } from '../fake/server.mjs';

/** The page of Teams around the tab: answers each request with its own number, as the host of TeamsJS does. */
const host = (app) => `<!doctype html><title>Host</title><iframe src="${app}" allow="microphone" style="width:100%;height:700px"></iframe>
<script>
  const frame = document.querySelector('iframe');
  const say = (m) => frame.contentWindow.postMessage(m, '${app}');
  window.theme = (t) => say({ func: 'themeChange', args: [t] });
  window.asked = [];
  addEventListener('message', ({ data }) => {
    if (!data || !data.func) return;
    window.asked.push(data.func);
    const context = { app: { locale: 'de-DE', theme: 'dark', sessionId: '1', host: { name: 'Teams', clientType: 'web', sessionId: '1' } }, page: { id: 'desk', frameContext: 'content' }, user: { id: 'u' } };
    const answers = {
      initialize: ['content', 'web', '{"apiVersion":4,"supports":{}}', '2.0.0'],
      getContext: [{ locale: 'de-DE', theme: 'dark', entityId: 'desk', frameContext: 'content', sessionId: '1', appSessionId: '1', hostClientType: 'web', hostName: 'Teams' }],
    };
    if (answers[data.func]) say({ id: data.id, uuidAsString: data.uuidAsString, args: answers[data.func] });
    void context;
  });
</script>`;

// As the server's own word `teams` says, for the addresses that a browser reaches here.
const ANCESTORS = "'self' https://teams.microsoft.com:*";

/** A browser in which a name leads to a page of that address. */
async function parent(name, page) {
  const server = createServer(certificate(name), (_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(page);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  const browser = await launch([
    `--host-resolver-rules=MAP ${name} 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    '--disable-features=LocalNetworkAccessChecks',
  ]);
  const stop = async () => {
    await browser.close();
    server.close();
  };
  return { browser, stop };
}

function certificate(name) {
  const folder = mkdtempSync(join(tmpdir(), 'teams-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

export const checks = {
  'a tab follows the theme and the language of Teams': async () => {
    const fake = await serveFake({ still: true, offers: false, ancestors: ANCESTORS });
    const { browser, stop } = await parent('teams.microsoft.com', host(fake.address));
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
      const page = await context.newPage();
      const errors = [];
      page.on('pageerror', (e) => errors.push(e.message));
      await page.goto('https://teams.microsoft.com/');
      const tab = page.frameLocator('iframe');
      // The tab's own language, not the browser's.
      await tab.getByRole('heading', { name: 'Bei Switchroom anmelden' }).waitFor();
      const dark = () => page.frames()[1].evaluate(() => document.documentElement.style.colorScheme);
      const background = () => page.frames()[1].evaluate(() => getComputedStyle(document.querySelector('main')).backgroundColor);
      assert.equal(await dark(), 'dark');
      const before = await background();
      await page.evaluate(() => window.theme('default'));
      await page.waitForFunction(() => true);
      for (let n = 0; n < 100 && (await dark()) !== 'light'; n += 1) await page.waitForTimeout(30);
      assert.equal(await dark(), 'light');
      const light = await background();
      assert.notEqual(light, before);
      await page.evaluate(() => window.theme('contrast'));
      for (let n = 0; n < 100 && (await background()) === light; n += 1) await page.waitForTimeout(30);
      assert.notEqual(await background(), light);
      // A token is kept in the tab, where cookies of other sites are not let in.
      await tab.getByRole('button', { name: 'Mit einem API-Token' }).click();
      await tab.getByLabel('API-Token').fill('sr_fake');
      await tab.getByRole('button', { name: 'Anmelden', exact: true }).click();
      await tab.getByRole('navigation', { name: 'Hauptmenü' }).waitFor();
      assert.ok((await page.evaluate(() => window.asked)).includes('appInitialization.success'), 'Teams is told that the tab is there');
      assert.deepEqual(errors, []);
    } finally {
      await stop();
      await fake.stop();
    }
  },

  'a page that is not Teams cannot show the app inside itself': async () => {
    const fake = await serveFake({ still: true, offers: false, ancestors: ANCESTORS });
    const { browser, stop } = await parent('teams.example.com', host(fake.address));
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const said = [];
      page.on('console', (m) => said.push(m.text()));
      await page.goto('https://teams.example.com/');
      // What the browser shows in its place is a page of its own.
      const shown = () => page.frames()[1]?.url();
      for (let n = 0; n < 200 && !shown(); n += 1) await page.waitForTimeout(30);
      assert.equal(shown(), 'chrome-error://chromewebdata/');
      assert.ok(said.some((s) => s.includes('frame-ancestors')), `the browser says why: ${said.join()}`);
      assert.equal(await page.frameLocator('iframe').getByRole('heading', { name: /Switchroom/ }).count(), 0);
    } finally {
      await stop();
      await fake.stop();
    }
  },
};
