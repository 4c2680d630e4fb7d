// The pages of proof: what they say in words, what they can be made to find, by keyboard, for each role.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { serveFake } from '../fake/server.mjs';
import { open } from '../session.mjs';

const item = (page, id) => page.locator(`[data-question="${id}"]`);
const fileOf = async (page, button) => {
  const [download] = await Promise.all([page.waitForEvent('download'), button.press('Enter')]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
};
const give = async (page, name, file) => {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name }).press('Enter')]);
  await chooser.setFiles({ name: file.name, mimeType: 'application/json', buffer: Buffer.from(file.text) });
};

export const checks = {
  'each answer says in words where it comes from, and what was seen': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/floor' });
    await page.getByRole('link', { name: 'Proof' }).press('Enter');
    await page.getByText('Nothing was looked at yet', { exact: false }).waitFor();
    assert.ok(!fake.log.some((r) => r.method === 'POST' && r.path === '/attestation'), 'nothing runs before somebody asks for it');
    await page.getByRole('button', { name: 'Run the checks' }).press('Enter');
    await item(page, 'DHP_G16').getByText('The server looked itself', { exact: false }).waitFor();
    await item(page, 'DHP_G16').getByText('Yes', { exact: true }).waitFor();
    await item(page, 'SEC28').getByText('Only people can answer this', { exact: false }).waitFor();
    await item(page, 'SEC26').getByText('What the server saw does not settle this', { exact: false }).waitFor();
    await item(page, 'SEC26').getByText('not as it should be').first().waitFor();
    await item(page, 'X_TELEMETRY').getByText('were not run', { exact: false }).waitFor();
    await item(page, 'X_BOT_EUII').getByText('stored: No').waitFor();
    await item(page, 'DHP_G04').getByText('4 more').click();
    await item(page, 'DHP_G04').getByText('calls.field_8').waitFor();
    const fold = item(page, 'SEC26').locator('summary');
    await fold.focus();
    await page.keyboard.press('Enter');
    await item(page, 'SEC26').getByText('whether one was restored as a rehearsal', { exact: false }).waitFor();
    await item(page, 'SEC26').getByText('knows of no backup', { exact: false }).waitFor();
    assert.equal(await page.locator('main img').count(), 0, 'what was found is text');
    await page.getByRole('combobox', { name: 'Show' }).selectOption('wrong');
    assert.deepEqual(await page.locator('[data-question]').evaluateAll((all) => all.map((a) => a.dataset.question)), ['SEC26']);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'what is grave asks to sign in once more, and is then done by itself': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/people' });
    await page.getByRole('searchbox').fill('030 1234567');
    await page.keyboard.press('Enter');
    const erase = page.getByRole('button', { name: 'Erase…' });
    await erase.waitFor();
    fake.stale = true;
    await erase.press('Enter');
    const dialog = page.getByRole('dialog').filter({ hasText: 'Sign in once more for this.' });
    await dialog.getByText('within the last 15 minutes', { exact: false }).waitFor();
    await dialog.getByLabel('Password').fill('wrong one');
    await page.keyboard.press('Enter');
    await dialog.getByText('That did not work.', { exact: false }).waitFor();
    await dialog.getByLabel('Password').fill('correct horse');
    await page.keyboard.press('Enter');
    await dialog.getByLabel('Code of your authenticator app').fill('123 456');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    // What was asked for before comes now, without another click.
    await page.getByRole('dialog').getByText('who called, in 3 calls').waitFor();
    assert.ok(fake.proof.noted.every((n) => !n.startsWith('erase')), 'and nothing else is done');
    await close();
    await fake.stop();
  },

  'one check is chosen, the page tells how far it is, and shows what changed since the one before': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/proof/attestation' });
    await page.getByRole('combobox', { name: 'Which checks to run' }).selectOption('canary');
    let go;
    const held = new Promise((done) => { go = done; });
    await page.route('**/api/v1/attestation', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Run the checks' }).press('Enter');
    await page.getByText(/^Check \W?2\W? of \W?20\W?: \W?canary\W?$/).waitFor();
    go();
    await item(page, 'SEC28').waitFor();
    const asked = fake.log.filter((r) => r.method === 'POST' && r.path === '/attestation');
    assert.deepEqual(asked.map((r) => r.body.checks), [['canary']]);
    const file = await fileOf(page, page.getByRole('button', { name: 'Download to read (Markdown)' }));
    assert.equal(file.name, 'attestation.md');
    assert.ok(file.text.length > 0);
    // Another answer the next time is marked by itself.
    fake.proof.change = (paper) => ({ ...paper, answers: paper.answers.map((a) => (a.id === 'DHP_G16' ? { ...a, answer: 'no' } : a)) });
    await page.getByRole('combobox', { name: 'Which checks to run' }).selectOption('');
    await page.getByRole('button', { name: 'Run the checks again' }).press('Enter');
    await item(page, 'DHP_G16').getByText('Before: ⁨Yes⁩').waitFor();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('changed');
    assert.deepEqual(await page.locator('[data-question]').evaluateAll((all) => all.map((a) => a.dataset.question)), ['DHP_G16']);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'an attestation is read in another language': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/attestation', locale: 'de-DE' });
    await page.getByRole('button', { name: 'Prüfungen ausführen' }).press('Enter');
    await item(page, 'DHP_G16').getByRole('heading', { name: 'Ist die Übertragung durch TLS 1.2 oder neuer geschützt?' }).waitFor();
    await item(page, 'DHP_G16').getByText('Ja', { exact: true }).waitFor();
    await item(page, 'SEC28').getByText('Das können nur Menschen beantworten.', { exact: false }).waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the file is the one that verifies, and one from before shows what changed': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/attestation' });
    await page.getByRole('button', { name: 'Run the checks' }).press('Enter');
    const file = await fileOf(page, page.getByRole('button', { name: 'Download, signed' }));
    assert.equal(file.name, 'attestation.json');
    assert.equal(file.text, `${JSON.stringify(JSON.parse(file.text), null, 2)}\n`, 'laid out as the command line does');
    // The operator's word is taken along, and where it and the checks differ that is said.
    await give(page, 'Add your own answers…', { name: 'answers.json', text: '{"SEC26": "yes", "GEN01": "Calls"}' });
    await page.getByText('The answers of ⁨answers.json⁩', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Run the checks again' }).press('Enter');
    await item(page, 'SEC26').getByText('Your word and the checks say different things', { exact: false }).waitFor();
    await give(page, 'Compare with an earlier one…', file);
    await item(page, 'SEC26').getByText('Before: ⁨open⁩').waitFor();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('changed');
    assert.deepEqual(await page.locator('[data-question]').evaluateAll((all) => all.map((a) => a.dataset.question)), ['GEN01', 'SEC26']);
    await give(page, 'Compare with an earlier one…', { name: 'other.json', text: '{"answers": 7}' });
    await page.getByRole('alert').getByText('⁨other.json⁩ is not such a file.').waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the audit log is searched, and what is foreign in it does no harm': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/proof/audit' });
    const rows = page.getByRole('table').getByRole('row');
    await rows.nth(100).waitFor();
    await page.getByText('Thing/<b>x</b>').first().waitFor();
    await page.getByRole('button', { name: 'Show earlier ones' }).press('Enter');
    await rows.nth(200).waitFor();
    await page.getByRole('combobox', { name: 'What' }).selectOption('recording.');
    await page.getByText('No such entry').or(rows.nth(1)).first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].every((row) => row.textContent.includes('recording.listen')));
    await rows.nth(1).getByText('Sofia Lindgren').waitFor();
    await rows.nth(1).getByText('listened to a recording').waitFor();
    await page.getByRole('combobox', { name: 'What' }).selectOption('');
    await page.getByRole('searchbox', { name: 'To what' }).fill('Call/c100082');
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].every((row) => row.textContent.includes('c100082')));
    await page.getByRole('link', { name: 'Call/c100082' }).first().press('Enter');
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the browser finds an audit log whole, and each way of bending it': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/proof/audit' });
    const look = async () => {
      await page.getByRole('button', { name: 'Check every entry' }).press('Enter');
    };
    await look();
    await page.getByText('The log is whole: 640 entries', { exact: false }).waitFor();
    await page.getByText('1 signed head fits; up to entry ⁨320⁩', { exact: false }).waitFor();
    const file = await fileOf(page, page.getByRole('button', { name: 'Download the log' }));
    const lines = file.text.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([lines[0].switchroom_audit_log, lines.filter((l) => l.entry).length, lines.filter((l) => l.head).length], [1, 640, 2]);
    // Somebody changes who listened.
    fake.proof.log[9].who = 'user ada';
    await look();
    await page.getByText('Entry ⁨10⁩ was changed', { exact: false }).waitFor();
    fake.proof.log[9].who = 'user sofia';
    const [gone] = fake.proof.log.splice(19, 1);
    await look();
    await page.getByText('Entry ⁨20⁩ is missing').waitFor();
    fake.proof.log.splice(19, 0, gone);
    fake.proof.log.pop();
    await look();
    await page.getByText('its end is missing', { exact: false }).waitFor();
    fake.proof.heads = fake.proof.heads.slice(0, 1).map((head) => ({ ...head, at_ms: head.at_ms + 1 }));
    await look();
    await page.getByText('not signed with this installation’s key', { exact: false }).waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'somebody is found, shown, saved, corrected and hidden': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/proof/people' });
    await page.getByRole('searchbox').fill('0170 55');
    await page.keyboard.press('Enter');
    await page.getByText('Nobody was found').waitFor();
    await page.getByRole('combobox', { name: 'Look by' }).selectOption('name');
    await page.getByRole('searchbox', { name: 'Name' }).fill('example erika');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '+49 301 234 567' }).waitFor();
    assert.ok(!page.url().includes('1234567'), 'the number stays out of the address');
    assert.deepEqual(fake.proof.noted, ['find', 'find'], 'nothing is taken out before somebody asks');
    await page.getByRole('button', { name: 'Show everything that is kept' }).press('Enter');
    const calls = page.getByRole('list', { name: 'Calls of this person' });
    await calls.getByText('wants a refund', { exact: false }).waitFor();
    assert.equal(await page.locator('main img').count(), 0, 'names are text');
    const json = await fileOf(page, page.getByRole('button', { name: 'Save as JSON' }));
    assert.equal(json.name, 'p12.json');
    assert.equal(JSON.parse(json.text).calls.length, 3);
    const text = await fileOf(page, page.getByRole('button', { name: 'Save for reading' }));
    assert.match(text.text, /Notes: wants a refund/);
    assert.match(text.text, /Entered beside the directory: Erika at work, \+49301234567/);
    assert.match(text.text, /Queue: sales\n {2}Agent: agent1\n {2}Outcome: Answered\n {2}Said of it: sold\n {2}Waited: 12/);
    const archive = await fileOf(page, page.getByRole('button', { name: 'Save all as an archive' }));
    assert.equal(archive.name, 'p12.zip');
    assert.ok(fake.proof.noted.includes('archive p12 en'), 'in the language of the page');
    const audio = await fileOf(page, calls.getByRole('button', { name: 'Save recording' }).first());
    assert.match(audio.text, /^RIFF/);
    await page.getByRole('textbox', { name: 'The right name' }).fill('Erika Muster');
    await page.keyboard.press('Enter');
    await page.getByText('The name was corrected.').waitFor();
    await page.getByRole('definition').getByText('Erika Muster').waitFor();
    await page.getByRole('switch', { name: 'Hide this person', exact: false }).press('Space');
    await page.getByText('hidden', { exact: true }).waitFor();
    await page.getByRole('switch', { name: 'objects to being treated', exact: false }).press('Space');
    await page.getByText('objects', { exact: true }).waitFor();
    assert.deepEqual(fake.proof.noted.filter((n) => n.startsWith('change')), ['change p12 {"name":"Erika Muster"}', 'change p12 {"restricted":true}', 'change p12 {"objected":true}']);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'what will be gone is shown before it is, and a hold keeps it': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/people' });
    const dialog = page.getByRole('dialog');
    await page.getByRole('searchbox').fill('030 1234567');
    await page.keyboard.press('Enter');
    // A hold first, with a reason; no hold without one.
    await page.getByRole('button', { name: 'Place a legal hold' }).press('Enter');
    await dialog.getByRole('button', { name: 'Place a legal hold' }).and(dialog.locator(':disabled')).waitFor();
    await dialog.getByRole('textbox', { name: 'Why' }).fill('asked by the court');
    await dialog.getByRole('button', { name: 'Place a legal hold' }).press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('legal hold', { exact: true }).waitFor();
    assert.deepEqual(fake.proof.holds.at(-1).reason, 'asked by the court');
    const erase = page.getByRole('button', { name: 'Erase…' });
    await erase.press('Enter');
    await dialog.getByText('Nothing can be erased', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.activeElement?.textContent === 'Erase…', undefined, { timeout: 5_000 });
    // Lifted elsewhere; then erased after it was read what goes.
    await page.getByRole('link', { name: 'Holds and retention' }).press('Enter');
    const holds = page.getByRole('list', { name: 'Legal holds' });
    await holds.getByText('asked by the court').waitFor();
    await holds.getByRole('button', { name: /Lift: Person .p12/ }).press('Enter');
    await dialog.getByRole('button', { name: 'Lift' }).press('Enter');
    await holds.getByText('asked by the court').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Personal data' }).press('Enter');
    await page.getByRole('searchbox').fill('030 1234567');
    await page.keyboard.press('Enter');
    await erase.press('Enter');
    for (const what of ['the number and 2 names', 'who called, in 3 calls', '2 recordings and voice messages', '1 note on a call']) await dialog.getByText(what).waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Erase now' }).isDisabled(), 'nobody erases by one key too many');
    assert.ok(!fake.proof.noted.some((n) => n.startsWith('erase')));
    await dialog.getByRole('combobox', { name: 'Why' }).selectOption('objected');
    await dialog.getByRole('checkbox').press('Space');
    await dialog.getByRole('button', { name: 'Erase now' }).press('Enter');
    await page.getByText('3 calls no longer say who called', { exact: false }).waitFor();
    await page.getByText('1 backup could not be reached', { exact: false }).waitFor();
    assert.ok(fake.proof.noted.includes('erase p12 objected'));
    assert.equal(await page.getByRole('heading', { name: '+49 301 234 567' }).count(), 0);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'of somebody whom Microsoft lists is said what is done here and what remains elsewhere': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/people' });
    const dialog = page.getByRole('dialog');
    await page.getByRole('combobox', { name: 'Look by' }).selectOption('name');
    await page.getByRole('searchbox', { name: 'Name' }).fill('dora directory');
    await page.keyboard.press('Enter');
    await page.getByText('Microsoft’s directory', { exact: true }).waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'The right name' }).count(), 0, 'corrected elsewhere');
    assert.equal(await page.getByRole('button', { name: 'Place a legal hold' }).count(), 0);
    await page.getByRole('button', { name: 'Erase…' }).press('Enter');
    await dialog.getByText('Delete the person in Entra ID', { exact: false }).waitFor();
    await dialog.getByRole('checkbox').press('Space');
    await dialog.getByRole('button', { name: 'Erase now' }).press('Enter');
    const remains = page.getByRole('list', { name: 'Still to be removed elsewhere' });
    await remains.getByText(/Microsoft’s directory lists the person \(.?directory-4.?\): delete them in Entra ID\./).waitFor();
    await remains.getByText(/The list .?vip.? still has the number/).waitFor();
    await page.getByText('hidden', { exact: true }).waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'a queue is put on hold, and what is due is disposed of by an owner alone': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/holds' });
    const dialog = page.getByRole('dialog');
    await page.getByRole('combobox', { name: 'Which' }).selectOption({ label: 'Sales' });
    await page.getByRole('button', { name: 'Place a legal hold' }).press('Enter');
    await dialog.getByRole('textbox', { name: 'Why' }).fill('inquiry');
    await dialog.getByRole('button', { name: 'Place a legal hold' }).press('Enter');
    await page.getByText('All calls of the queue ⁨Sales⁩').waitFor();
    await page.getByText('interrupted').waitFor();
    await page.getByRole('button', { name: 'Dispose of it now' }).press('Enter');
    await dialog.getByText('12 calls are due.', { exact: false }).waitFor();
    await dialog.getByRole('button', { name: 'Dispose of it now' }).press('Enter');
    await page.getByText('12 calls gone, 1 kept by holds').waitFor();
    assert.deepEqual(said, []);
    await close();
    const other = await open(browser, fake.address, { persona: 'auditor', path: '/proof/holds' });
    await other.page.getByText('0 calls are due now').first().waitFor();
    assert.equal(await other.page.getByRole('button', { name: 'Dispose of it now' }).count(), 0);
    await other.close();
    const boss = await open(browser, fake.address, { persona: 'supervisor', path: '/proof/people' });
    await boss.page.getByText('You may not do that', { exact: false }).waitFor();
    assert.equal(await boss.page.getByRole('link', { name: 'Personal data' }).count(), 0);
    await boss.close();
    await fake.stop();
  },

  'an owner ends the account, and takes it back with the receipt in the address': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/proof/holds' });
    const end = page.getByRole('button', { name: 'End the account' });
    await page.getByRole('textbox', { name: 'The tenant’s id, to be sure' }).fill('demo');
    await page.getByRole('textbox', { name: 'Days until the data is destroyed' }).fill('x');
    await end.and(page.locator(':disabled')).waitFor();
    await page.getByRole('textbox', { name: 'Days until the data is destroyed' }).fill('20');
    await end.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'End the account' }).press('Enter');
    await page.waitForURL('**/closed#sc_fake');
    await page.getByText('Calls and sign-in have stopped.', { exact: false }).waitFor();
    assert.equal(fake.proof.closing.state, 'waiting');
    await page.reload();
    await page.getByRole('button', { name: 'Take it back' }).press('Enter');
    await page.waitForURL(`${fake.address}/`);
    assert.equal(fake.proof.closing, null);
    assert.deepEqual(said, []);
    await close();
    const other = await open(browser, fake.address, { persona: 'auditor', path: '/proof/holds' });
    await other.page.getByText('calls are due now', { exact: false }).first().waitFor();
    assert.equal(await other.page.getByRole('button', { name: 'End the account' }).count(), 0);
    await other.close();
    await fake.stop();
  },

  'backups are listed with what failed and what is next': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/proof/backups' });
    await page.getByText('The newest backup failed', { exact: false }).waitFor();
    await page.getByText(/increment 41, made in .*12 sec.*812\.4.* MB/).waitFor();
    await page.getByText('Restored for trial', { exact: false }).waitFor();
    assert.equal(await page.getByText('never tried').count(), 1);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'an agent is not shown the proof': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/proof/audit' });
    await page.getByText('You may not do that', { exact: false }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Proof' }).count(), 0);
    assert.ok(!fake.log.some((r) => r.path.startsWith('/audit')), 'and asks for none of it');
    await close();
    await fake.stop();
  },
};
