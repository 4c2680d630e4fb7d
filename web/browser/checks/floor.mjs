// The floor: what a supervisor does there by keyboard, and what is drawn of a thousand agents.

import assert from 'node:assert/strict';
import { serveFake } from '../fake/server.mjs';
import { frames, quantile } from '../frames.mjs';
import { open } from '../session.mjs';

export const checks = {
  // How many frames come in time is measured by `npm run wallboard`; here is judged what it rests on, on any machine.
  'a thousand agents and ten changes a second are drawn for what is seen and what changed': async (browser) => {
    const fake = await serveFake({ agents: 1_000, rate: 10, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    await page.getByText('Béla', { exact: false }).first().waitFor();
    const began = fake.world.number;
    // Scrolled through meanwhile, as somebody who looks for somebody does.
    const { drawn, most } = await page.evaluate(async () => {
      const floor = document.querySelector('main > div');
      let [drawn, most] = [0, 0];
      const seen = new MutationObserver((changes) => {
        drawn += changes.length;
      });
      seen.observe(floor, { subtree: true, childList: true, characterData: true });
      for (let n = 0; n < 40; n += 1) {
        floor.scrollBy(0, 120);
        await new Promise((done) => setTimeout(done, 50));
        most = Math.max(most, document.querySelectorAll('[data-place]').length);
      }
      seen.disconnect();
      return { drawn, most };
    });
    const gaps = await frames(page, 2_000);
    const changed = fake.world.number - began;
    assert.ok(most < 200, `only what is seen is drawn, not ${most} tiles`);
    assert.ok(changed > 0 && drawn > 0, `${drawn} drawn of ${changed} changes`);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
    return `${most} tiles, ${drawn} pieces drawn; 95 % of frames: ${quantile(gaps, 0.95).toFixed(1)} ms`;
  },

  'a supervisor steers by keyboard alone': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    const first = page.locator('[data-place="0"]');
    await first.waitFor();
    const sent = (path, action) => fake.log.some((r) => r.path.includes(path) && (!action || r.body?.action === action));
    const until = async (done) => {
      for (let n = 0; n < 100 && !done(); n += 1) await page.waitForTimeout(20);
      assert.ok(done(), `not sent; sent was ${JSON.stringify(fake.log.filter((r) => r.method !== 'GET'))}`);
    };
    // To an agent who talks, by arrows; then the menu.
    await first.focus();
    for (let n = 0; n < 30; n += 1) {
      const text = await page.evaluate(() => document.activeElement?.textContent ?? '');
      if (text.includes('Talking')) break;
      await page.keyboard.press('ArrowRight');
      await page.waitForTimeout(40);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Listen' }).waitFor();
    const behind = await page.evaluate(() => document.elementFromPoint(300, 120)?.closest('main') !== null);
    assert.ok(behind, 'a menu does not cover the page');
    await page.keyboard.press('Enter');
    await until(() => sent('/actions', 'supervise'));
    const bar = page.getByRole('complementary');
    await bar.waitFor();
    assert.equal(await page.getByRole('complementary').count(), 1, 'one bar for one call');
    await bar.getByRole('button', { name: 'Whisper' }).focus();
    await page.keyboard.press('Space');
    await until(() => fake.log.some((r) => r.body?.mode === 'whisper'));
    await bar.getByRole('button', { name: 'Leave' }).focus();
    await page.keyboard.press('Enter');
    await until(() => sent('/actions', 'stop-supervising'));
    // A waiting call to another queue.
    await page.getByRole('button', { name: /what to do/ }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Move to another queue' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('menuitem', { name: 'Repairs' }).waitFor();
    await page.keyboard.press('Enter');
    await until(() => sent('/actions', 'move'));
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'nobody changes places while somebody aims': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    const first = page.locator('[data-place="0"]');
    await first.waitFor();
    const names = () => page.locator('[data-place] bdi').allTextContents();
    await first.hover();
    const before = await names();
    // Whoever is suspended stands first, in a list by state.
    const last = fake.world.users.find((u) => u.name === before[before.length - 1]).id;
    fake.world.set(last, { state: 'suspended' });
    await page.getByText('Suspended').first().waitFor();
    assert.deepEqual(await names(), before);
    // Nobody aims any more: in order again.
    await page.mouse.move(5, 5);
    const name = fake.world.users.find((u) => u.id === last).name;
    await page.locator('[data-place="0"]', { hasText: name }).waitFor({ timeout: 10_000 });
    await close();
    await fake.stop();
  },

  'an alarm shows when a bound is crossed': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    await page.getByRole('button', { name: 'Alarms' }).click();
    await page.getByRole('textbox', { name: 'Billing: More waiting than' }).fill('2');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Billing: too many wait').waitFor();
    await close();
    await fake.stop();
  },

  'the page goes on where the connection broke': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    await page.locator('[data-place="0"]').waitFor();
    const opened = [];
    page.on('websocket', (socket) => opened.push(new URL(socket.url()).searchParams.get('after')));
    for (const watcher of fake.world.watchers) watcher.close();
    // Meanwhile somebody takes a break.
    fake.world.set('agent2', { state: 'break', reason: 'Fire drill' });
    await page.getByText('Break: Fire drill').waitFor();
    assert.equal(opened.length, 1);
    assert.ok(Number(opened[0]) > 0, `asked for what came after a number, and not for all: ${opened[0]}`);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the floor fills the screen, and its menus are there': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    await page.getByRole('button', { name: 'Full screen', exact: true }).click();
    await page.getByRole('button', { name: 'Leave full screen' }).waitFor();
    assert.equal(await page.getByRole('navigation').count(), 0, 'the main menu is gone');
    await page.locator('[data-place="0"]').click();
    await page.getByRole('menuitem').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Leave full screen' }).click();
    await page.getByRole('navigation').waitFor();
    await close();
    await fake.stop();
  },

  'an auditor looks and steers nothing': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'auditor', path: '/floor' });
    await page.locator('[data-place="0"]').click();
    await page.getByRole('menu').waitFor();
    const items = await page.getByRole('menuitem').allTextContents();
    assert.ok(!items.some((i) => /Listen|End|Available|Offline/.test(i)), items.join());
    await close();
    await fake.stop();
  },
};
