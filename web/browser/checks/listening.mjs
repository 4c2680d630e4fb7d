// Hearing a recording: drawn by the server and loaded by the browser itself, in pieces; places, speed, silences left out.

import assert from 'node:assert/strict';
import { recording, shape } from '../fake/audio.mjs';
import { serveFake } from '../fake/server.mjs';
import { open } from '../session.mjs';

const CALL = '/calls/c100082';

const time = (page) => page.evaluate(() => document.querySelector('audio').currentTime);

async function listen(page) {
  await page.getByRole('button', { name: 'Listen to the recording' }).click();
  await page.getByRole('slider').waitFor();
  await page.waitForFunction(() => document.querySelector('audio').currentTime > 0.1);
}

/** The first long silence of a recording after its beginning: from and to, in seconds. */
function pause(name) {
  const { customer, agent, length_ms } = shape(recording(42, Number(name.slice(1)) + 1), 420);
  for (let n = 20, began = -1; n < 420; n += 1) {
    if (customer[n] > 3 || agent[n] > 3) began = -1;
    else if (began < 0) began = n;
    else if (n - began > 25) return (began * length_ms) / 420_000;
  }
  return null;
}

export const checks = {
  'a recording plays without a script that loads it, from any place, and silences are left out': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: CALL });
    const loads = [];
    page.on('request', (r) => /recordings\/r\d+$/.test(r.url()) && loads.push(r));
    await listen(page);
    assert.ok(loads.length > 0 && loads.every((r) => r.resourceType() === 'media'), 'the browser itself loads what it plays');
    assert.ok(fake.log.some((r) => r.path.endsWith('/peaks')), 'the server draws the picture');
    // By keyboard to another place, at another speed.
    await page.getByRole('slider').focus();
    await page.keyboard.press('PageUp');
    await page.waitForFunction(() => document.querySelector('audio').currentTime > 30);
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('2');
    assert.equal(await page.evaluate(() => document.querySelector('audio').playbackRate), 2);
    // Into a silence, which is skipped at once.
    const from = pause(/r\d+$/.exec(loads[0].url())[0]);
    assert.ok(from !== null, 'the made-up recording has a silence');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('switch', { name: 'Skip silence' }).focus();
    await page.keyboard.press('Space');
    await page.evaluate(
      (at) =>
        new Promise((done) => {
          const player = document.querySelector('audio');
          player.addEventListener('seeked', done, { once: true });
          player.currentTime = at;
        }),
      from + 0.5,
    );
    const left = page.evaluate(
      (end) =>
        new Promise((done) => {
          const player = document.querySelector('audio');
          const jumps = [];
          player.addEventListener('seeking', () => jumps.push(player.currentTime));
          player.addEventListener('timeupdate', () => player.currentTime > end && done(jumps));
        }),
      from + 2.1,
    );
    await page.getByRole('button', { name: 'Play' }).click();
    const [jump, ...more] = await left;
    assert.ok(jump > from + 2 && more.length === 0, `one jump to where somebody speaks, not ${[jump, ...more]} from ${from}`);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'a browser that does not play what the server has is given what it plays': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: CALL });
    await page.route(/recordings\/r\d+$/, (route) => (route.request().resourceType() === 'media' ? route.abort() : route.continue()));
    await listen(page);
    assert.match(await page.evaluate(() => document.querySelector('audio').src), /^blob:/);
    assert.match(await page.getByRole('link', { name: 'Save as a file' }).getAttribute('href'), /^blob:/);
    assert.ok((await time(page)) > 0);
    await close();
    await fake.stop();
  },
};
