// Takes the pictures of README and docs: what somebody new sees in the first two minutes, and a compliance officer in a
// quarter of an hour, of a demo that is started here.
//   npm run pictures -- ../target/debug/switchroom [first | proof | teams]

import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { startDemo } from './demo.mjs';
import { SIZES } from './session.mjs';

const OUT = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const [program, only] = process.argv.slice(2);
if (!program) {
  process.stderr.write('name the program: npm run pictures -- ../target/debug/switchroom\n');
  process.exit(2);
}

// A demo that runs already serves as well.
const demo = process.env.SWITCHROOM_URL
  ? { address: process.env.SWITCHROOM_URL, teams: process.env.SWITCHROOM_TEAMS_URL, stop: async () => undefined }
  : await startDemo(program);
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
/** What a compliance officer sees: each answer with its check, the log that is whole, what is kept of somebody. */
async function proof() {
  const page = await enter(/Alex Ash/);
  await page.setViewportSize({ width: 1440, height: 1100 });
  await page.goto(`${demo.address}/proof/attestation`);
  await page.getByRole('button', { name: 'Run the checks' }).click();
  const tls = page.locator('[data-question="DHP_G16"]');
  await tls.locator('summary').first().click({ timeout: 120_000 });
  await tls.scrollIntoViewIfNeeded();
  await take(page, 'attestation');
  // The operator's word beside what was seen: no backup was made yet, and the file says that there is a plan.
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add your own answers…' }).click();
  const answers = { SEC26: 'yes', SEC28: 'yes' };
  await (await chooser).setFiles({ name: 'answers.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(answers)) });
  await page.getByRole('button', { name: 'Run the checks again' }).click();
  const plan = page.locator('[data-question="SEC26"]');
  await plan.getByText('Your word and the checks say different things', { exact: false }).waitFor({ timeout: 120_000 });
  await page.getByRole('combobox', { name: 'Show' }).selectOption('changed');
  await plan.locator('summary').first().click();
  await plan.getByText('knows of no backup', { exact: false }).waitFor();
  await page.evaluate(() => document.querySelector('main#page')?.scrollTo(0, 0));
  await take(page, 'attestation-declared');
  await page.goto(`${demo.address}/proof/audit`);
  await page.getByRole('button', { name: 'Check every entry' }).click();
  await page.getByText('The log is whole', { exact: false }).waitFor();
  await page.getByRole('table').waitFor();
  await take(page, 'audit');
  const ask = async (path) => (await page.request.get(`${demo.address}/api/v1${path}`)).json();
  // In a demo that has just begun somebody has to have called first.
  let call;
  for (let n = 0; n < 120 && !call; n += 1) {
    call = (await ask('/calls?limit=100')).items.find((c) => c.state === 'ended' && c.recordings.length > 0);
    if (!call) await page.waitForTimeout(1_000);
  }
  const { caller } = await ask(`/calls/${call.id}`);
  await page.setViewportSize(SIZES.wide);
  await page.goto(`${demo.address}/proof/people`);
  await page.getByRole('searchbox').fill(caller);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Show everything that is kept' }).click();
  await page.getByRole('list', { name: 'Calls of this person' }).waitFor();
  await page.getByRole('button', { name: 'Erase…' }).click();
  await page.getByRole('dialog').getByRole('checkbox').waitFor();
  await page.waitForTimeout(400);
  await take(page, 'erase');
}

/** What a newcomer sees of the connector: the tab while the own phone rings, and the chat with the bot's card. */
async function teams() {
  if (!demo.teams) return;
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(demo.teams);
  const phone = (whose, state) => page.locator(`[data-phone="${whose}"][data-state="${state}"]`).waitFor();
  await page.frameLocator('iframe[title="The tab Calls"]').getByRole('button', { name: /23125/ }).first().click();
  await phone('mine', 'rings');
  await page.waitForTimeout(1_200);
  await take(page, 'teams-tab');
  await page.getByRole('button', { name: 'Pick up' }).click();
  await phone('other', 'rings');
  await page.getByRole('tab', { name: 'Chat' }).click();
  await page.locator('#messages .card').getByRole('button', { name: 'Call' }).first().waitFor();
  await take(page, 'teams-chat');
  await page.getByRole('button', { name: 'Hang up' }).first().click();
}

try {
  const parts = { first, proof, teams };
  for (const [name, part] of Object.entries(parts)) if (!only || only === name) await part();
} finally {
  await browser.close();
  await demo.stop();
}

async function first() {
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
  await boss.getByRole('searchbox').fill('br');
  await boss.getByRole('list', { name: 'People found' }).waitFor();
  await take(boss, 'people');
}
