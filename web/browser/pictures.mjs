// Takes the pictures of README and docs: what somebody new sees in the first two minutes, of a demo that is started here.
//   npm run pictures -- ../target/debug/switchroom

import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { startDemo } from './demo.mjs';
import { SIZES } from './session.mjs';

const OUT = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const [program] = process.argv.slice(2);
if (!program) {
  process.stderr.write('name the program: npm run pictures -- ../target/debug/switchroom\n');
  process.exit(2);
}

const demo = await startDemo(program);
const browser = await launch();
const take = async (page, name) => {
  await page.screenshot({ path: `${OUT}${name}.png` });
  process.stdout.write(`${OUT}${name}.png\n`);
};
const enter = async (name) => {
  const context = await browser.newContext({ viewport: SIZES.wide, locale: 'en-GB', timezoneId: 'Europe/Berlin', permissions: ['microphone'], reducedMotion: 'reduce' });
  await context.addInitScript(() => localStorage.setItem('switchroom.preferences', JSON.stringify({ theme: 'light', ringSound: false })));
  const page = await context.newPage();
  await page.goto(demo.address);
  const button = page.getByRole('button', { name });
  await button.waitFor();
  if (name.test('Robin Ray')) await take(page, 'open');
  await button.click();
  await page.locator('main#page').waitFor();
  return page;
};
try {
  // Opened, one click, and somebody rings.
  const agent = await enter(/Robin Ray/);
  await agent.getByRole('button', { name: 'Answer' }).waitFor({ timeout: 20_000 });
  await agent.waitForTimeout(400);
  await take(agent, 'ring');
  await agent.keyboard.press('Alt+Shift+A');
  await agent.getByRole('button', { name: 'Mute' }).waitFor();
  await agent.waitForTimeout(9_000);
  await take(agent, 'desk');
  const boss = await enter(/Sam Stone/);
  await boss.getByText('Robin Ray').first().waitFor();
  await boss.waitForTimeout(1_500);
  await take(boss, 'floor');
  // Over, and named; the record of that same call.
  await agent.waitForTimeout(4_000);
  const me = await (await agent.request.get(`${demo.address}/api/v1/agents/me/state`)).json();
  await agent.keyboard.press('Alt+Shift+E');
  await agent.getByRole('button', { name: 'Repair booked' }).click();
  await agent.getByRole('button', { name: 'Done, next call' }).click();
  await boss.setViewportSize({ width: 1440, height: 1100 });
  await boss.goto(`${demo.address}/calls/${me.call}`);
  await boss.getByRole('button', { name: 'Listen to the recording' }).click();
  await boss.waitForFunction(() => document.querySelector('audio')?.currentTime > 4);
  await boss.getByRole('button', { name: 'Pause' }).click();
  await take(boss, 'call');
  await boss.setViewportSize(SIZES.wide);
  await boss.goto(`${demo.address}/people`);
  await boss.getByRole('searchbox').fill('an');
  await boss.getByRole('list', { name: 'People found' }).waitFor();
  await take(boss, 'people');
} finally {
  await browser.close();
  await demo.stop();
}
