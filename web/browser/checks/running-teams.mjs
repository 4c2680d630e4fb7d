// What a newcomer does first with the connector: opens the made-up Teams of a running demo, and calls somebody.

import assert from 'node:assert/strict';

const teams = process.env.SWITCHROOM_TEAMS_URL;
/** A number of one of the made-up people, as a button of the tab shows it. */
const NUMBER = /23125/;

/** Opens the page anew, and gives errors of it and of what stands inside. */
async function open(browser, act) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1366, height: 820 } });
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (e) => errors.push(e.message));
    await page.goto(teams);
    await act(page);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

const mine = (page, state) => page.locator(`[data-phone="mine"][data-state="${state}"]`);
const other = (page, state) => page.locator(`[data-phone="other"][data-state="${state}"]`);

export const checks = teams
  ? {
      'a number is pressed in the tab: the own phone rings, then the other side, and both talk': (browser) =>
        open(browser, async (page) => {
          const tab = page.frameLocator('iframe[title="The tab Calls"]');
          await tab.getByRole('button', { name: NUMBER }).first().click();
          await mine(page, 'rings').waitFor();
          assert.equal(await page.locator('[data-phone="other"]').count(), 0, 'nobody else is rung before');
          await tab.getByText('Your own phone rings', { exact: false }).waitFor();
          await page.getByRole('button', { name: 'Pick up' }).click();
          await other(page, 'rings').waitFor();
          await other(page, 'talks').waitFor();
          await mine(page, 'talks').waitFor();
          await tab.getByRole('button', { name: 'Hang up' }).click();
          await mine(page, 'idle').waitFor();
          await page.locator('[data-phone="other"]').waitFor({ state: 'detached' });
        }),

      'the bot lists who is in the chat, and its button opens the same page in a dialog': (browser) =>
        open(browser, async (page) => {
          await page.getByRole('tab', { name: 'Chat' }).click();
          const card = page.locator('#messages .card').first();
          await card.getByText('People here').waitFor();
          await card.getByRole('button', { name: 'Call' }).first().click();
          const dialog = page.getByRole('dialog');
          await dialog.waitFor();
          const inside = page.frameLocator('dialog iframe');
          await inside.getByRole('button', { name: NUMBER }).first().waitFor();
          assert.equal(await inside.getByRole('listitem').count(), 1, 'the one whose button was pressed');
          await inside.getByRole('button', { name: 'Show everybody' }).click();
          await inside.getByLabel('Search people').waitFor();
          assert.equal(await inside.getByRole('listitem').count(), 4, 'all but oneself');
          await dialog.getByRole('button', { name: 'Close' }).click();
          await page.getByLabel('Write to the bot').fill('help');
          await page.getByRole('button', { name: 'Send' }).click();
          await page.locator('[data-by="bot"]').last().getByText('list', { exact: false }).first().waitFor();
          // A number that is written to the bot is called too.
          await page.getByLabel('Write to the bot').fill('call +49 30 23125-00006');
          await page.getByRole('button', { name: 'Send' }).click();
          await mine(page, 'rings').waitFor();
          await page.getByRole('button', { name: 'Do not take it' }).click();
          await mine(page, 'idle').waitFor();
        }),
    }
  : {};
