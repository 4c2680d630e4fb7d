// Opening the app as somebody, on the made-up server or on a real one.

import { serveFake } from './fake/server.mjs';

export const THEMES = ['light', 'dark', 'contrast'];
export const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } };

/** A server to look at: the one that the environment names, or a made-up one. */
export async function server(options) {
  const address = process.env.SWITCHROOM_URL;
  if (address) return { address: address.replace(/\/$/, ''), stop: async () => undefined };
  return serveFake({ offers: false, ...options });
}

/** Pages that complained, by what they said; a check fails for any. */
export function complaints(page) {
  const found = [];
  page.on('pageerror', (e) => found.push(e.message));
  page.on('console', (m) => {
    // That nobody is signed in yet is asked for, and answered with 401.
    if (m.type() === 'error' && !/status of 40[134]/.test(m.text())) found.push(m.text());
  });
  return found;
}

/** A page of its own for somebody; `persona` null is nobody. */
export async function open(browser, address, { persona = 'agent', theme = 'light', size = 'wide', locale = 'en-GB', path = '/' } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale,
    reducedMotion: 'reduce',
    permissions: ['microphone'],
  });
  await context.addInitScript((t) => {
    if (!localStorage.getItem('switchroom.preferences')) {
      localStorage.setItem('switchroom.preferences', JSON.stringify({ theme: t, ringSound: false }));
    }
  }, theme);
  if (persona) {
    const answer = await context.request.post(`${address}/api/v1/demo/session`, { data: { persona } });
    if (!answer.ok()) throw new Error(`${address} lets nobody in as ${persona}: status ${answer.status()}`);
  }
  const page = await context.newPage();
  const said = complaints(page);
  await page.goto(`${address}${path}`);
  await page.locator(persona ? 'main#page' : 'main').first().waitFor();
  return { page, said, close: () => context.close() };
}
