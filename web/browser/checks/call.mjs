// The page behind a link that calls: it opens the softphone, keeps the number out of the address, and lets it be copied.

import assert from 'node:assert/strict';
import { complaints, server } from '../session.mjs';

/** The page, and the address that it tried to open. */
async function opened(browser, address, fragment) {
  const context = await browser.newContext({ locale: 'de-DE', permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const said = complaints(page);
  const asked = [];
  page.on('request', (r) => asked.push(r.url()));
  await page.goto(`${address}/call${fragment}`);
  await page.getByRole('heading').waitFor();
  return { context, page, said, asked };
}

export const checks = {
  'a link opens the softphone, and the number can be copied where none is': async (browser) => {
    const fake = await server();
    try {
      const { context, page, said, asked } = await opened(browser, fake.address, '#scheme=maxuccall&number=%2B4942155599');
      await page.getByText('421 555 99').first().waitFor();
      assert.equal(await page.getByRole('link').getAttribute('href'), 'maxuccall:+4942155599');
      assert.equal(new URL(page.url()).hash, '', 'the number is not kept in the address');
      // No softphone is there, so it is said what to do.
      await page.getByText('Hat sich kein Softphone geöffnet').waitFor();
      // The browser's own question about the softphone stands before the page and takes the mouse.
      await page.getByRole('button', { name: 'Nummer kopieren' }).evaluate((b) => b.click());
      // A browser that still asks about the softphone copies nothing for a page; then the number is marked.
      await page.getByText(/Die Nummer wurde kopiert|Die Nummer ist markiert/).waitFor();
      assert.match(await page.evaluate(() => String(window.getSelection())), /421 555 99/);
      assert.ok(asked.length > 1 && asked.every((url) => !url.includes('42155599') || url.startsWith('maxuccall:')), asked.join(' '));
      assert.deepEqual(said.filter((s) => !s.includes('maxuccall')), []);
      await context.close();
    } finally {
      await fake.stop();
    }
  },

  'what is no number opens nothing': async (browser) => {
    const fake = await server();
    try {
      for (const bad of ['#scheme=javascript&number=112', '#number=*21*0900%23', '']) {
        const { context, page } = await opened(browser, fake.address, bad);
        await page.getByText('keine Nummer').waitFor();
        assert.equal(await page.getByRole('link').count(), 0);
        await context.close();
      }
    } finally {
      await fake.stop();
    }
  },
};
