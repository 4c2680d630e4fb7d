// By keyboard alone: each stop of the tabulator is seen, in the order in which a page is read; keys lead to pages; what went
// wrong is said in the user's language.

import assert from 'node:assert/strict';
import { serveFake } from '../fake/server.mjs';
import { open } from '../session.mjs';

/** The most stops of a page that are looked at. */
const MOST = 40;

const PAGES = [
  { path: '/proof/attestation', prepare: async (page) => {
    await page.getByRole('button', { name: 'Run the checks' }).click();
    await page.locator('[data-question]').first().waitFor();
  } },
  { path: '/proof/audit', prepare: async (page) => page.getByRole('table').waitFor() },
  { path: '/proof/people', prepare: async (page) => {
    await page.getByRole('searchbox').fill('030 1234567');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Show everything that is kept' }).click();
    await page.getByRole('list', { name: 'Calls of this person' }).waitFor();
  } },
  { path: '/proof/holds', prepare: async (page) => page.getByText('12 calls are due now').waitFor() },
  { path: '/system/trunks', prepare: async (page) => page.getByRole('button', { name: 'Look at them now' }).waitFor() },
];

/** What has the focus, and where it is. */
const current = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    const box = at.getBoundingClientRect();
    const name = at.getAttribute('aria-label') ?? at.textContent ?? '';
    return { inMain: document.getElementById('page').contains(at), name: `${at.tagName} ${name.slice(0, 40)}`, x: box.x, y: box.y, width: box.width, height: box.height };
  });

export const checks = {
  ...Object.fromEntries(
    PAGES.map(({ path, prepare }) => [
      `each stop on ${path} is seen, and they follow each other as the page is read`,
      async (browser) => {
        const fake = await serveFake({ still: true, offers: false });
        const { page, close } = await open(browser, fake.address, { persona: 'owner', path });
        await prepare(page);
        // A page that nothing has to be scrolled on, without a caret that blinks.
        await page.setViewportSize({ width: 1280, height: 4_000 });
        await page.addStyleTag({ content: '* { caret-color: transparent !important; transition: none !important; animation: none !important; }' });
        await page.evaluate(() => document.getElementById('page').focus());
        let before = null;
        let stops = 0;
        for (; stops < MOST; stops += 1) {
          await page.keyboard.press('Tab');
          const at = await current(page);
          if (!at.inMain || at.name === before?.name) break;
          assert.ok(at.width > 0 && at.height > 0, `${at.name} is there to be seen`);
          const later = before === null || at.y > before.y - 12 || at.x > before.x;
          assert.ok(later, `${at.name} stands behind ${before?.name}`);
          const clip = { x: Math.max(0, at.x - 6), y: Math.max(0, at.y - 6), width: at.width + 12, height: at.height + 12 };
          const focused = await page.screenshot({ clip });
          await page.evaluate(() => {
            window.had = document.activeElement;
            window.had.blur();
          });
          const plain = await page.screenshot({ clip });
          assert.ok(!focused.equals(plain), `${at.name} looks the same with the focus and without`);
          // Back, as a person who uses keys would have it.
          await page.keyboard.press('Shift');
          await page.evaluate(() => window.had.focus());
          before = at;
        }
        assert.ok(stops > 3, `only ${stops} stops`);
        await close();
        await fake.stop();
        return `${stops} stops`;
      },
    ]),
  ),

  'digits lead to the pages of the menu, and the shortcuts are told': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/settings' });
    // The digits count the pages of the menu, which has this one once it is known that a directory is kept.
    await page.getByRole('link', { name: 'People', exact: true }).waitFor();
    await page.keyboard.press('Alt+Shift+Digit2');
    await page.waitForURL('**/calls');
    await page.keyboard.press('Alt+Shift+Digit5');
    await page.waitForURL('**/proof/attestation');
    await page.keyboard.press('Alt+Shift+Digit9');
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.getByText('The pages of the menu').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(new URL(page.url()).pathname, '/proof/attestation');
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the focus goes on when what had it is erased': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/people' });
    await page.getByRole('searchbox').fill('030 1234567');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Erase…' }).press('Enter');
    await page.getByRole('dialog').getByRole('checkbox').press('Space');
    await page.getByRole('dialog').getByRole('button', { name: 'Erase now' }).press('Enter');
    await page.waitForFunction(() => document.activeElement?.textContent?.startsWith('Erased: 3 calls'));
    await page.getByRole('link', { name: 'Holds and retention' }).press('Enter');
    await page.getByRole('button', { name: /Lift: Person .p13/ }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Lift' }).press('Enter');
    await page.waitForFunction(() => document.activeElement?.tagName === 'SELECT');
    await close();
    await fake.stop();
  },

  'what went wrong is said in the user’s language, with the server’s sentence beside it': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/people', locale: 'de-DE' });
    await page.getByRole('searchbox').fill('+4930');
    await page.getByRole('button', { name: /^Arbeit/ }).first().click();
    const status = page.getByRole('status');
    await status.getByText('Das ist gerade nicht möglich.').waitFor();
    await status.locator('[lang=en]', { hasText: 'this agent is busy' }).waitFor();
    await close();
    const boss = await open(browser, fake.address, { persona: 'agent', path: '/system/permissions', locale: 'fr-FR' });
    await boss.page.getByText('Vous n’en avez pas le droit.').waitFor();
    await boss.page.locator('[lang=en]', { hasText: 'this needs the role' }).waitFor();
    await boss.close();
    await fake.stop();
  },
};
