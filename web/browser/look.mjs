// Takes pictures of pages, for people to look at: node browser/look.mjs [--role agent] [--theme light] [--size wide] [--page /desk] …
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { serveFake } from './fake/server.mjs';

const OUT = fileURLToPath(new URL('./out/', import.meta.url));
mkdirSync(OUT, { recursive: true });
const option = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const SIZES = { wide: { width: 1440, height: 900 }, middle: { width: 1024, height: 768 }, narrow: { width: 360, height: 740 } };
const roles = (option('role') ?? 'agent').split(',');
const themes = (option('theme') ?? 'light').split(',');
const sizes = (option('size') ?? 'wide').split(',');
const pages = (option('page') ?? '/desk').split(',');
const language = option('language') ?? 'en-GB';
const fake = await serveFake({ agents: Number(option('agents') ?? 24), offers: false });
const browser = await launch();
for (const role of roles) for (const theme of themes) for (const size of sizes) {
  const context = await browser.newContext({ viewport: SIZES[size], locale: language, colorScheme: theme === 'light' ? 'light' : 'dark' });
  const page = await context.newPage();
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && process.stdout.write(`console: ${m.text()}\n`));
  page.on('pageerror', (e) => process.stdout.write(`error: ${e.message}\n${e.stack}\n`));
  await page.addInitScript((t) => localStorage.setItem('switchroom.preferences', JSON.stringify({ theme: t, ringSound: false })), theme);
  await page.goto(fake.address);
  if (role !== 'none') await page.request.post(`${fake.address}/api/v1/demo/session`, { data: { persona: role } });
  for (const path of pages) {
    const [address, ...steps] = path.split('+');
    await page.goto(`${fake.address}${address}`);
    await page.waitForTimeout(900);
    for (const step of steps) {
      if (step === 'available') { fake.world.set('anna', { state: 'available' }); }
      else if (step === 'offer') { fake.world.set('anna', { state: 'available' }); fake.world.offer('anna'); }
      else if (step === 'talk') { fake.world.set('anna', { state: 'available' }); fake.world.offer('anna'); fake.world.answer('anna'); }
      else if (step === 'wrap') { const a = fake.world.agents.get('anna'); if (a.call) fake.world.end(a.call); }
      else await page.getByText(step, { exact: true }).first().click();
      await page.waitForTimeout(500);
    }
    const name = `${role}${path.replace(/[^\w]+/g, '-')}-${theme}-${size}.png`;
    await page.screenshot({ path: `${OUT}${name}`, fullPage: false });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    process.stdout.write(`${OUT}${name}${sideways > 0 ? ` SIDEWAYS ${sideways}` : ''}\n`);
  }
  await context.close();
}
await browser.close();
await fake.stop();
