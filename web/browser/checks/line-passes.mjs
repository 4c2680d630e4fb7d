// An owner makes a line pass for somebody and hands out its link; others find nothing of that.

import assert from 'node:assert/strict';
import { open, server } from '../session.mjs';

const ANNA = '5c0de000-0000-4000-8000-0000000000aa';

export const checks = {
  'an owner makes a pass by the keyboard alone, is told what is wrong, and copies the link': async (browser) => {
    const fake = await server({ still: true });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/system/line-passes' });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const asked = () => fake.log.filter((r) => r.path.endsWith('/line-passes')).map((r) => [r.path, r.body]);
    try {
      const system = page.getByLabel('Telephone system');
      await system.waitFor();
      // Only telephone systems that take passes.
      assert.deepEqual(await system.getByRole('option').allTextContents(), ['Office phone', 'freeswitch']);
      await system.focus();
      await page.keyboard.press('Tab');
      await page.keyboard.type('anna');
      await page.keyboard.press('Tab');
      await page.keyboard.type('1/2');
      await page.keyboard.press('Enter');
      await page.getByText('This is no object id').waitFor();
      await page.getByText('A line has at most 32').waitFor();
      assert.equal(await page.getByLabel('Object id').getAttribute('aria-invalid'), 'true');
      assert.deepEqual(asked(), [], 'what is wrong is not sent');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('1001');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(ANNA);
      await page.keyboard.press('Enter');
      const made = page.getByRole('list', { name: 'Passes made now' });
      const link = made.getByRole('textbox', { name: new RegExp(ANNA) });
      await link.waitFor();
      assert.deepEqual(asked(), [['/pbxs/asterisk/line-passes', { people: [{ person: ANNA, line: '1001' }] }]]);
      assert.match(await link.inputValue(), /^https:\/\/teams\.microsoft\.com\/l\/entity\//);
      assert.equal(await page.getByLabel('line there').inputValue(), '', 'the next person begins anew');
      await made.getByRole('button', { name: `Copy: ${ANNA}` }).press('Enter');
      await made.getByRole('status').getByText('It is copied.').waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await link.inputValue());
      // Where the tenant has no app in Teams the pass itself is handed out, and the newest stands first.
      await system.selectOption('freeswitch');
      await page.getByLabel('Object id').fill(ANNA.toUpperCase());
      await page.getByLabel('line there').fill('1002');
      await page.getByRole('button', { name: 'Make the pass' }).click();
      await made.getByRole('listitem').nth(1).waitFor();
      assert.match(await made.getByRole('textbox').first().inputValue(), /^freeswitch~/);
      // Nothing of it is kept by the page either.
      const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
      assert.ok(!kept.includes('~A') && !kept.includes(ANNA), kept);
      assert.deepEqual(said, []);
    } finally {
      await close();
      await fake.stop();
    }
  },

  'whoever is no owner finds no page for passes among the parts of the system': async (browser) => {
    const fake = await server({ still: true });
    const parts = async (persona) => {
      const { page, close } = await open(browser, fake.address, { persona, path: '/system/permissions' });
      const nav = page.getByRole('navigation', { name: 'Parts of the system' });
      await nav.waitFor();
      const names = await nav.getByRole('link').allTextContents();
      await close();
      return names;
    };
    try {
      assert.ok((await parts('owner')).includes('Line passes'));
      for (const persona of ['supervisor', 'auditor']) assert.ok(!(await parts(persona)).includes('Line passes'), persona);
    } finally {
      await fake.stop();
    }
  },
};
