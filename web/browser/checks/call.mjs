// The page behind a link that calls: it opens the softphone, keeps the number out of the address, and lets it be copied.

import assert from 'node:assert/strict';
import { serveFake } from '../fake/server.mjs';
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

  'the page is in the name, the colours and the language of whoever offers it': async (browser) => {
    const brand = { name: 'Harbour Calls', names: { de: 'Hafen-Telefon' }, company: 'Harbour Bikes', accent: '#ffd400', privacy: 'https://a.example/privacy', terms: 'javascript:alert(1)' };
    const fake = await serveFake({ still: true, offers: false, tab: { brand } });
    try {
      const { context, page } = await opened(browser, fake.address, '?tenant=harbour#scheme=maxuccall&number=%2B4942155599');
      await page.getByText('Hafen-Telefon').waitFor();
      assert.equal(await page.title(), 'Hafen-Telefon');
      assert.equal(new URL(page.url()).hash, '');
      await page.getByText('Harbour Bikes').waitFor();
      const hrefs = await page.getByRole('link').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      assert.deepEqual(hrefs, ['maxuccall:+4942155599', 'https://a.example/privacy'], 'what is no page is no link');
      const look = await page.getByRole('link').first().evaluate((a) => [getComputedStyle(a).color, getComputedStyle(a).backgroundColor]);
      const [white, ground] = look.map((rgb) => rgb.match(/\d+/g).map(Number));
      assert.deepEqual(white, [255, 255, 255]);
      assert.ok(ground[0] > ground[2] && ground[0] < 200, `a yellow that white can be read on: ${ground}`);
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
