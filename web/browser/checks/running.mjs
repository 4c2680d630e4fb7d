// Against a running demo: everybody signs in with one click, every page shows what the server really says, and an agent
// takes a call in the browser.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complaints, SIZES } from '../session.mjs';

const address = (process.env.SWITCHROOM_URL ?? '').replace(/\/$/, '');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const PAGES = {
  agent: ['/desk', '/calls', '/people', '/settings'],
  supervisor: ['/floor', '/desk', '/calls', '/people', '/reports', '/proof/audit', '/system/trunks', '/settings'],
  owner: ['/floor', '/calls', '/people', '/reports', '/proof/attestation', '/proof/audit', '/proof/people', '/proof/holds', '/proof/backups', '/system/trunks', '/system/microsoft', '/system/permissions', '/settings'],
  auditor: ['/floor', '/calls', '/people', '/reports', '/proof/attestation', '/proof/audit', '/proof/people', '/proof/holds', '/proof/backups', '/system/permissions', '/settings'],
};

async function personas() {
  const answer = await fetch(`${address}/api/v1/demo/personas`);
  assert.ok(answer.ok, `${address} is no demo: status ${answer.status}`);
  return answer.json();
}

/** Signs in as people do: by one click on the first page. */
async function enter(browser, persona, size = 'wide', before = undefined) {
  const { name } = (await personas()).find((p) => p.persona === persona);
  const context = await browser.newContext({ viewport: SIZES[size], locale: 'en-GB', permissions: ['microphone'] });
  await context.addInitScript(() => {
    if (!localStorage.getItem('switchroom.preferences')) {
      localStorage.setItem('switchroom.preferences', JSON.stringify({ ringSound: false }));
    }
  });
  await context.addInitScript(() => {
    // The loudest that came in lately over any connection of the page.
    const analysers = [];
    const Real = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(...given) {
        super(...given);
        this.addEventListener('track', ({ track }) => {
          const context = new AudioContext();
          const analyser = context.createAnalyser();
          context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
          analysers.push(analyser);
        });
      }
    };
    window.heard = () =>
      Math.max(0, ...analysers.map((a) => {
        const samples = new Float32Array(a.fftSize);
        a.getFloatTimeDomainData(samples);
        return Math.max(...samples.map(Math.abs));
      }));
  });
  if (before) await context.addInitScript(before);
  const page = await context.newPage();
  const said = complaints(page);
  const refused = [];
  page.on('response', (r) => {
    if (r.status() >= 400 && !(r.status() === 401 && r.url().endsWith('/session'))) {
      refused.push(`${r.status()} ${r.request().method()} ${r.url().replace(address, '')}`);
    }
  });
  await page.goto(address);
  await page.getByRole('button', { name: new RegExp(name) }).click();
  await page.locator('main#page').waitFor();
  return { page, said, refused, close: () => context.close() };
}

export const checks = {
  'the copy of the API is what the server says': async () => {
    const copy = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
    const fresh = await (await fetch(`${address}/api/v1/openapi.json`)).json();
    assert.deepEqual(fresh, copy, `take a new copy: npm run api -- --from ${address}`);
  },

  ...Object.fromEntries(
    Object.entries(PAGES).map(([persona, pages]) => [
      `${persona}: every page, without a complaint`,
      async (browser) => {
        for (const size of Object.keys(SIZES)) {
          const { page, said, refused, close } = await enter(browser, persona, size);
          for (const path of pages) {
            await page.goto(`${address}${path}`);
            await page.locator('main h1').first().waitFor({ state: 'attached' });
            await page.waitForTimeout(1_000);
            const sideways = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
            assert.ok(sideways <= 0, `${path} scrolls sideways by ${sideways} px`);
            await page.evaluate(axe);
            const found = await page.evaluate(async () => {
              const all = await window.axe.run({ exclude: ['[data-tabster-dummy]'] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
              return all.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`);
            });
            assert.deepEqual(found, [], path);
          }
          // Who may not look at something is not sent to ask for it, but for what tells one kind of person from another.
          const serious = refused.filter((r) => !/^(403|404) GET \/api\/v1\/(users|queues|dispositions|secure-entries|messages|reports)/.test(r));
          assert.deepEqual(serious, []);
          assert.deepEqual(said, []);
          await close();
        }
      },
    ]),
  ),

  'a page of another origin cannot show the app inside itself': async (browser) => {
    const stranger = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(`<!doctype html><title>Stranger</title><iframe src="${address}"></iframe>`);
    });
    await new Promise((done) => stranger.listen(0, '127.0.0.1', done));
    const context = await browser.newContext();
    const page = await context.newPage();
    const said = [];
    page.on('console', (m) => said.push(m.text()));
    await page.goto(`http://127.0.0.1:${stranger.address().port}/`);
    // What the browser shows in its place is a page of its own.
    const shown = () => page.frames()[1]?.url();
    for (let n = 0; n < 200 && !shown(); n += 1) await page.waitForTimeout(30);
    assert.equal(shown(), 'chrome-error://chromewebdata/');
    assert.ok(said.some((s) => s.includes('frame-ancestors')), `the browser says why: ${said.join()}`);
    await context.close();
    stranger.close();
  },

  'somebody of the directory is found': async (browser) => {
    const { page, said, close } = await enter(browser, 'supervisor');
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('searchbox').fill('an');
    await page.getByRole('list', { name: 'People found' }).getByRole('link', { name: /^Work – Call/ }).or(page.getByRole('button', { name: /^Work – Call/ })).first().waitFor();
    assert.deepEqual(said, []);
    await close();
  },

  'what the pages of proof save is judged right by the command line': async (browser) => {
    const { page, said, close } = await enter(browser, 'auditor');
    const program = process.env.SWITCHROOM_PROGRAM;
    const folder = mkdtempSync(join(tmpdir(), 'switchroom-proof-'));
    const saved = async (button, name) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
      await download.saveAs(join(folder, name));
      return join(folder, name);
    };
    const verify = (what, file) => (program ? execFileSync(program, [what, 'verify', file], { encoding: 'utf8' }) : '');
    try {
      await page.goto(`${address}/proof/attestation`);
      await page.getByRole('button', { name: 'Run the checks' }).click();
      await page.locator('[data-question="PRV10"]').getByText('Yes', { exact: true }).waitFor({ timeout: 120_000 });
      verify('attest', await saved('Download, signed', 'attestation.json'));
      await page.goto(`${address}/proof/audit`);
      const log = await saved('Download the log', 'log.jsonl');
      verify('audit', log);
      // The page's own sums agree with the server's.
      await page.getByRole('button', { name: 'Check every entry' }).click();
      await page.getByText('The log is whole', { exact: false }).waitFor();
      await page.getByText(/signed heads? fits?/).waitFor();
      await page.getByRole('table').getByText('made an attestation').first().waitFor();
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.deepEqual(said, []);
    await close();
    return program ? 'judged by the program' : 'no program to judge by';
  },

  'a call, as it was': async (browser) => {
    const { page, said, close } = await enter(browser, 'supervisor');
    await page.goto(`${address}/calls?outcome=answered`);
    await page.locator('tbody tr a').first().click();
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await page.locator('svg[role=img] rect').first().waitFor();
    await page.getByRole('button', { name: 'Listen to the recording' }).click();
    await page.getByRole('slider').waitFor();
    await page.waitForFunction(() => document.querySelector('audio').currentTime > 0.3);
    assert.deepEqual(said, []);
    await close();
  },

  'one click makes an agent, and a caller rings within ten seconds and is heard': async (browser) => {
    const { page, said, close } = await enter(browser, 'agent');
    const began = Date.now();
    await page.getByRole('button', { name: 'Answer' }).waitFor({ timeout: 10_000 });
    const rang = Date.now() - began;
    await page.keyboard.press('Alt+Shift+A');
    await page.getByRole('toolbar').waitFor();
    await page.getByRole('button', { name: 'Mute' }).waitFor();
    await page.waitForFunction(() => window.heard() > 0.01, undefined, { timeout: 20_000 });
    await page.keyboard.press('Alt+Shift+E');
    await page.getByRole('button', { name: 'Repair booked' }).click();
    await page.getByRole('button', { name: 'Done, next call' }).click();
    await page.getByRole('button', { name: 'Take a break', exact: true }).click();
    await page.getByRole('menuitem', { name: 'coffee' }).click();
    await page.getByText('coffee').first().waitFor();
    assert.deepEqual(said, []);
    await close();
    return `rang after ${(rang / 1_000).toFixed(1)} s`;
  },

  'somebody who called is found, shown and erased': async (browser) => {
    const { page, said, close } = await enter(browser, 'auditor');
    const ask = async (path) => (await page.request.get(`${address}/api/v1${path}`)).json();
    const { items } = await ask('/calls?limit=100');
    let caller = null;
    for (const call of items.filter((c) => c.state === 'ended').reverse()) {
      caller = (await ask(`/calls/${call.id}`)).caller;
      if (caller) break;
    }
    assert.ok(caller, 'somebody called and is over');
    await page.goto(`${address}/proof/people`);
    await page.getByRole('searchbox').fill(caller);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Show everything that is kept' }).click();
    await page.getByRole('list', { name: 'Calls of this person' }).getByRole('link').first().waitFor();
    await page.getByRole('button', { name: 'Erase…' }).click();
    await page.getByRole('dialog').getByRole('checkbox').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Erase now' }).click();
    await page.getByText(/Erased: \d+ calls? no longer/).waitFor();
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('Nobody was found').waitFor();
    assert.deepEqual(said, []);
    await close();
  },

  'without a microphone the page says where calls ring': async (browser) => {
    const { page, close } = await enter(browser, 'agent', 'wide', () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
    });
    await page.getByText('There is no microphone', { exact: false }).waitFor();
    await page.getByText('a made-up one picks up by itself', { exact: false }).waitFor();
    await page.getByRole('toolbar').waitFor({ timeout: 30_000 });
    await close();
  },
};
