// Every page in every theme and at both widths: nothing that axe finds, nothing that scrolls sideways, no error.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { open, server, SIZES, THEMES } from '../session.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What is looked at: who, where, and what is done there first.
export const PAGES = [
  { persona: null, path: '/' },
  { persona: 'supervisor', path: '/settings' },
  { persona: 'supervisor', path: '/floor' },
  { persona: 'supervisor', path: '/calls' },
  {
    persona: 'supervisor',
    path: '/calls/c100082',
    name: 'with its recording',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Listen to the recording' }).click();
      await page.getByRole('slider').waitFor();
    },
  },
  { persona: 'supervisor', path: '/reports', prepare: async (page) => page.locator('canvas').nth(1).waitFor() },
  {
    persona: 'auditor',
    path: '/reports',
    name: 'of agents',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Agents' }).click();
      await page.getByRole('table').waitFor();
    },
  },
  { persona: 'agent', path: '/people' },
  {
    persona: 'agent',
    path: '/people',
    name: 'some of them',
    prepare: async (page) => {
      await page.getByRole('searchbox').fill('example');
      await page.getByRole('list', { name: 'People found' }).waitFor();
    },
  },
  {
    persona: 'auditor',
    path: '/system/trunks',
    prepare: async (page) => {
      await page.getByRole('table', { name: 'How Teams refused calls' }).waitFor();
      await page.getByRole('button', { name: 'Look at them now' }).click();
      await page.getByRole('list', { name: 'Our certificates' }).waitFor();
    },
  },
  { persona: 'owner', path: '/system/microsoft', prepare: async (page) => page.getByRole('heading', { name: /See presence/ }).waitFor() },
  {
    persona: 'owner',
    path: '/system/line-passes',
    prepare: async (page) => {
      await page.getByLabel('Object id').fill('5c0de000-0000-4000-8000-0000000000aa');
      await page.getByLabel('line there').fill('1001');
      await page.getByRole('button', { name: 'Make the pass' }).click();
      await page.getByRole('list', { name: 'Passes made now' }).waitFor();
      // What is wrong is said too.
      await page.getByRole('button', { name: 'Make the pass' }).click();
      await page.getByText('This is no object id').waitFor();
    },
  },
  { persona: 'supervisor', path: '/system/permissions', prepare: async (page) => page.getByRole('table').first().waitFor() },
  {
    persona: 'auditor',
    path: '/proof/attestation',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Run the checks' }).click();
      await page.getByRole('heading', { name: 'Security', exact: true }).waitFor();
      for (const fold of await page.locator('summary').all()) await fold.click();
    },
  },
  {
    persona: 'auditor',
    path: '/proof/audit',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Check every entry' }).click();
      await page.getByText('The log is whole', { exact: false }).waitFor();
      await page.getByRole('table').waitFor();
    },
  },
  {
    persona: 'owner',
    path: '/proof/people',
    prepare: async (page) => {
      await page.getByRole('searchbox').fill('030 1234567');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Show everything that is kept' }).click();
      await page.getByRole('list', { name: 'Calls of this person' }).waitFor();
    },
  },
  {
    persona: 'auditor',
    path: '/proof/people',
    name: 'before it is erased',
    prepare: async (page) => {
      await page.getByRole('searchbox').fill('030 1234567');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Erase…' }).click();
      await page.getByRole('dialog').getByText('2 recordings', { exact: false }).waitFor();
    },
  },
  { persona: 'owner', path: '/proof/backups', prepare: async (page) => page.getByText('The newest backup failed', { exact: false }).waitFor() },
  { persona: 'owner', path: '/proof/holds', prepare: async (page) => page.getByText('12 calls are due now').waitFor() },
  { persona: 'agent', path: '/desk' },
  {
    persona: 'agent',
    path: '/desk',
    name: 'a call rings',
    prepare: async (page, { world }) => {
      world.set('anna', { state: 'available' });
      world.offer('anna');
      await page.getByText('Your phone is ringing').waitFor();
    },
  },
  {
    persona: 'agent',
    path: '/desk',
    name: 'in a conversation',
    prepare: async (page, { world }) => {
      world.set('anna', { state: 'available' });
      world.offer('anna');
      world.answer('anna');
      await page.getByRole('toolbar').waitFor();
    },
  },
  {
    persona: 'agent',
    path: '/desk',
    name: 'a transfer',
    prepare: async (page, { world }) => {
      world.set('anna', { state: 'available' });
      world.offer('anna');
      world.answer('anna');
      await page.getByRole('button', { name: 'Transfer' }).click();
      await page.getByRole('button', { name: /^Transfer: / }).first().waitFor();
    },
  },
  {
    persona: 'agent',
    path: '/desk',
    name: 'wrap-up',
    prepare: async (page, { world }) => {
      world.set('anna', { state: 'available' });
      world.offer('anna');
      world.answer('anna');
      world.end(world.agents.get('anna').call);
      await page.getByRole('button', { name: 'Done, next call' }).waitFor();
    },
  },
  {
    persona: 'agent',
    path: '/desk',
    name: 'voicemail',
    prepare: async (page) => {
      await page.getByRole('tab', { name: 'Voicemail' }).click();
      await page.getByRole('button', { name: 'Listen' }).first().waitFor();
    },
  },
];

async function violations(page) {
  // Not a script of the page: the policy for scripts does not let it in from there.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await window.axe.run(
      // Fluent's sentinels for the focus are hidden and focusable on purpose.
      { exclude: ['[data-tabster-dummy]'] },
      { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] },
    );
    return found.violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}\n        ${n.failureSummary.replaceAll('\n', ' ')}\n        ${n.html.slice(0, 200)}`),
    );
  });
}

// The same thing in six pictures is one thing to mend.
function together(wrong) {
  const places = new Map();
  for (const { what, where } of wrong) places.set(what, [...(places.get(what) ?? []), where]);
  return [...places].map(([what, where]) => `${what}\n        in ${where.join(', ')}`).join('\n');
}

export const checks = Object.fromEntries(
  PAGES.map(({ persona, path, prepare, name }) => [
    `${persona ?? 'nobody'} ${path}${name ? `, ${name}` : ''}`,
    async (browser) => {
      const running = await server({ still: true });
      const wrong = [];
      // Three pages at a time: one for each theme.
      for (const size of Object.keys(SIZES)) {
        await Promise.all(
          THEMES.map(async (theme) => {
            const own = prepare ? await server({ still: true }) : running;
            const { page, said, close } = await open(browser, own.address, { persona, theme, size, path });
            if (prepare) await prepare(page, own);
            await page.waitForLoadState('networkidle').catch(() => undefined);
            const found = await violations(page);
            const sideways = await page.evaluate(() => {
              const main = document.querySelector('main');
              return Math.max(document.documentElement.scrollWidth - window.innerWidth, main ? main.scrollWidth - main.clientWidth : 0);
            });
            if (sideways > 0) found.push(`scrolls sideways by ${sideways} px`);
            wrong.push(...[...found, ...said].map((what) => ({ what, where: `${theme} ${size}` })));
            await close();
            if (own !== running) await own.stop();
          }),
        );
      }
      await running.stop();
      if (wrong.length > 0) throw new Error(together(wrong));
    },
  ]),
);
