// People of the Microsoft directory, and the pages about the system: what they say, by keyboard, for each role.

import assert from 'node:assert/strict';
import { serveFake } from '../fake/server.mjs';
import { open, SIZES } from '../session.mjs';

export const checks = {
  'somebody is found as one types, and called': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    await page.getByRole('link', { name: 'People' }).focus();
    await page.keyboard.press('Enter');
    const list = page.getByRole('list', { name: 'People found' });
    await page.getByText('The first letters of a name', { exact: false }).waitFor();
    await page.getByText(`${fake.world.people.length} people in the directory`, { exact: false }).waitFor();
    const own = fake.world.people.find((p) => p.user === 'agent2');
    await page.getByRole('searchbox').focus();
    await page.keyboard.type(own.name);
    await list.getByText(`Works here as ⁨${own.name}⁩`, { exact: false }).waitFor();
    // Presence in words, ours and Teams'; how old it is only where that matters.
    await list.getByRole('listitem').filter({ hasText: own.name }).getByText('In a Teams call').waitFor();
    await page.getByRole('searchbox').fill('example');
    await list.getByText('Sleeping').first().waitFor();
    await list.getByText(/5 min.* ago/).first().waitFor();
    // A number that may be called, and one that may not: the server's word is shown.
    const other = fake.world.people.find((p) => p.business[0]?.startsWith('+33'));
    await page.getByRole('searchbox').fill(other.name);
    await list.getByRole('listitem').first().getByText(other.name).waitFor();
    await page.getByRole('button', { name: /^Work – Call/ }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByText('Your phone rings first', { exact: false }).waitFor();
    assert.ok(fake.log.some((r) => r.path === '/dial' && r.body.to.startsWith('+3367') && r.body.agent === 'anna'));
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'who is no agent calls with their own telephone, and hostile entries do no harm': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    fake.world.people.splice(0, fake.world.people.length, {
      id: 'x', name: '\u202e<img src=x onerror=alert(1)>', mail: 'javascript:alert(1)', business: ['javascript:alert(1)', '+49 30 1234567'], mobile: `${'9'.repeat(10_000)}`,
      enabled: true, user: null, presence: { availability: '<b>', activity: '\u202e', age_s: 1e12 },
    });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/people' });
    await page.getByRole('searchbox').fill('img');
    const list = page.getByRole('list', { name: 'People found' });
    await list.waitFor();
    assert.deepEqual(await list.getByRole('link').evaluateAll((all) => all.map((a) => a.getAttribute('href'))), ['tel:+49301234567']);
    assert.equal(await page.locator('main img').count(), 0);
    const wide = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
    assert.ok(wide <= 0, `scrolls sideways by ${wide}`);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'an owner enters somebody whom Teams does not know, changes and erases them': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/people' });
    await page.getByRole('button', { name: 'Enter somebody' }).press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Warehouse door');
    await dialog.getByLabel('Work').fill('+49 30 5550177, +49 30 5550178');
    await dialog.getByRole('button', { name: 'Keep' }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(fake.log.find((r) => r.path === '/directory/local')?.body.business, ['+49 30 5550177', '+49 30 5550178']);
    await page.getByRole('searchbox').fill('warehouse');
    const found = page.getByRole('list', { name: 'People found' }).getByRole('listitem').first();
    await found.getByText('Entered here, not in Teams').waitFor();
    await found.getByRole('button', { name: /^Change .Warehouse door/ }).press('Enter');
    await dialog.getByLabel('Name').fill('Back door');
    await dialog.getByRole('button', { name: 'Keep' }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('searchbox').fill('back door');
    // Whoever was entered has first letters; a person of Microsoft's has a picture where there is one.
    const [shown] = fake.world.people;
    shown.origin = 'microsoft';
    fake.pictures.add(shown.id);
    assert.equal(await found.locator('img').count(), 0);
    await page.getByRole('searchbox').fill(shown.name);
    await found.locator('img').waitFor();
    assert.equal(await found.locator('img').evaluate((img) => img.decode().then(() => img.naturalWidth)), 1);
    await page.getByRole('searchbox').fill('back door');
    await found.getByRole('button', { name: /^Change .Back door/ }).press('Enter');
    await dialog.getByRole('button', { name: 'Erase' }).press('Enter');
    await page.getByText('Nobody fits.').waitFor();
    // That there is no picture of somebody is what the browser itself says.
    assert.deepEqual(said.filter((s) => !s.includes('404')), []);
    await close();
    await fake.stop();
  },

  'what Teams says stands on the desk and on the floor, and follows': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    const anna = fake.world.agents.get('anna');
    assert.equal(await page.getByText('Teams: ', { exact: false }).count(), 0, 'nothing is said where nothing is known');
    fake.world.set('anna', { state: 'available', presence: { availability: 'Available', activity: 'Available', age_s: 3 } });
    await page.getByText('Teams: ⁨Available⁩.').waitFor();
    anna.presence = { availability: 'Busy', activity: 'InACall', age_s: 1 };
    fake.world.agent('anna');
    await page.getByText('Teams: ⁨In a Teams call⁩. No call is offered to you while this lasts.').waitFor();
    await close();
    const boss = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    await boss.page.getByRole('searchbox').fill('Anna');
    const tile = boss.page.locator('[data-place="0"]');
    await tile.getByText('Available · In a Teams call').waitFor();
    anna.presence = { availability: 'Away', activity: 'Away', age_s: 1 };
    fake.world.agent('anna');
    await tile.getByText('Available · Away').waitFor();
    await boss.close();
    await fake.stop();
  },

  'whom Teams keeps is not counted as free on the floor': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const away = { availability: 'Away', activity: 'Away', age_s: 1 };
    for (const agent of fake.world.agents.values()) Object.assign(agent, { presence: agent.presence && away });
    const free = [...fake.world.agents.values()].filter((a) => a.state === 'available' && a.queues.includes('sales'));
    const { page, said, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
    const card = page.getByRole('region', { name: 'Queues' }).getByRole('button', { name: /^Sales/ });
    await card.getByText(`${free.length} of `, { exact: false }).waitFor();
    assert.equal(await page.getByText('busy in Teams', { exact: false }).count(), 0, 'nobody is busy in Teams');
    free[0].presence = { availability: 'DoNotDisturb', activity: 'Presenting', age_s: 1 };
    fake.world.agent(free[0].id);
    await card.getByText(new RegExp(`^${free.length - 1} of \\d+ free · 1 busy in Teams · `)).waitFor();
    await page.getByRole('definition').getByText('1 busy in Teams').waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'without a directory there is no page for people': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    fake.directory = { kept: false, people: 0, at: null, reading: false, trouble: null };
    const { page, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/system/microsoft' });
    await page.getByText('No directory is kept', { exact: false }).waitFor();
    assert.equal(await page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'People' }).count(), 0);
    await close();
    await fake.stop();
  },

  'trouble with the directory is said in words': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    Object.assign(fake.directory, { trouble: 'Microsoft refuses User.Read.All: grant it', reading: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: '/system/microsoft' });
    await page.getByText('grant it', { exact: false }).waitFor();
    await page.getByText('needs you').first().waitFor();
    await page.getByRole('link', { name: 'Each with its reason' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Presence in Teams' }).waitFor();
    await page.getByText('read and forgotten at once').first().waitFor();
    await close();
    await fake.stop();
  },

  'an owner connects a tenant, sees what is missing and what is too much, and disconnects': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    // As the server sends back whoever was at Microsoft.
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/?microsoft=no-proof' });
    await page.getByText('could not prove to be an administrator', { exact: false }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/system/microsoft');
    const go = page.getByRole('link', { name: 'Consent at Microsoft: background' });
    assert.equal(await go.getAttribute('href'), '/api/v1/microsoft/connect/background');
    await page.getByText('something is missing').waitFor();
    await page.getByRole('link', { name: 'Permissions', exact: true }).click();
    await page.getByRole('alert').getByText('Directory.Read.All', { exact: false }).waitFor();
    await page.getByRole('table', { name: 'Presence in Teams' }).getByText('missing: this feature does not work').waitFor();
    await page.getByRole('table', { name: 'The directory kept in step' }).getByText('granted').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Disconnect' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('is erased at once', { exact: false }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.ok(!fake.log.some((r) => r.method === 'DELETE'), 'nothing is done yet');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
    await page.getByText('what was kept is erased', { exact: false }).waitFor();
    await page.getByText('No directory is kept', { exact: false }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Disconnect' }).count(), 0);
    assert.deepEqual(said, []);
    await close();
    // Who is no owner is not asked to.
    const other = await open(browser, fake.address, { persona: 'auditor', path: '/system/microsoft' });
    await other.page.getByText('Only an owner can do this.').waitFor();
    assert.deepEqual(other.said, []);
    await other.close();
    await fake.stop();
  },

  'licences are looked at, and changed after what would be done was said': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    fake.licences.signed_in = false;
    const { page, said, close } = await open(browser, fake.address, { persona: 'owner', path: '/system/microsoft' });
    const enter = page.getByRole('link', { name: 'Sign in for licences' });
    assert.equal(await enter.getAttribute('href'), '/api/v1/microsoft/licences/sign-in');
    fake.licences.signed_in = true;
    await page.reload();
    const row = page.getByRole('table', { name: 'Licences' }).getByRole('row', { name: /MCOEV/ });
    await row.getByText('21').waitFor();
    const choose = (label, option) => page.getByRole('combobox', { name: label }).selectOption(option);
    await choose('User', { label: 'Anna Albrecht' });
    await choose('Licence', { label: 'PHONESYSTEM_VIRTUALUSER' });
    await page.getByRole('button', { name: 'What would be done?' }).click();
    await page.getByText('no unit is left').waitFor();
    await choose('Licence', { label: 'MCOEV' });
    await page.getByRole('button', { name: 'What would be done?' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('⁨Anna Albrecht⁩ would be assigned ⁨MCOEV⁩.').waitFor();
    assert.ok(fake.log.filter((r) => r.method === 'POST' && r.path === '/microsoft/licences').every((r) => r.body.dry_run), 'nothing is done yet');
    await page.getByRole('button', { name: 'Do it' }).focus();
    await page.keyboard.press('Enter');
    await row.getByText('22').waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'a trunk that is down says since when, why, and what to do': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'supervisor', path: '/system' });
    const row = page.getByRole('row', { name: /sip2\.carrier/ });
    await row.getByText('down for').waitFor();
    await row.getByText('Nothing listens there', { exact: false }).waitFor();
    await row.getByText('2 changes').click();
    await row.getByText(/down .*9 min.* ago.*\(408\)/).waitFor();
    await page.getByText('refused the registration with', { exact: false }).waitFor();
    await page.getByText('only calls that come in', { exact: false }).waitFor();
    await close();
    await fake.stop();
  },

  'the trunk to Teams says how calls were refused, what to do, and whether its certificates hold': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'auditor', path: '/system/trunks' });
    await page.getByRole('row', { name: /sip3\.pstnhub/ }).getByText('No secure connection', { exact: false }).waitFor();
    await page.getByRole('row', { name: /sip3\.pstnhub/ }).getByText('UnknownIssuer', { exact: false }).waitFor();
    await page.getByRole('row', { name: /^sip\.pstnhub/ }).getByText('3 changes').click();
    await page.getByText(/Teams last asked us .*42 sec.* ago/).waitFor();
    const refused = page.getByRole('table', { name: 'How Teams refused calls' });
    const row = (name) => refused.getByRole('row', { name });
    await row(/^403 \/ 510532/).getByText('Compare teams.fqdn with the gateway’s name', { exact: false }).waitFor();
    await row(/^403/).getByText(/4 times, last .*1 min 5 sec/).waitFor();
    await row(/^404/).getByText('Nobody in the Microsoft tenant has this number', { exact: false }).waitFor();
    await row(/^486 \/ 560486/).getByText('This server refused the call itself', { exact: false }).waitFor();
    // What we have no words for stands there as the server says it.
    await row(/^499/).getByText('refused in a way <b>nobody</b> knows').waitFor();
    assert.ok(!fake.log.some((r) => r.path === '/attestation'), 'certificates are looked at when somebody asks');
    await page.getByRole('button', { name: 'Look at them now' }).press('Enter');
    const ours = page.getByRole('list', { name: 'Our certificates' }).getByRole('listitem');
    await ours.nth(0).getByText('1 Mar 2027', { exact: false }).waitFor();
    await ours.nth(0).getByText('*.voice.example.com', { exact: false }).waitFor();
    await ours.nth(0).getByText('for servers only', { exact: false }).waitFor();
    await ours.nth(1).getByText('vouches for the one before it · signed by ⁨CN=Example Root⁩', { exact: false }).waitFor();
    await ours.nth(2).getByText('ended ⁨1 Nov 2026⁩').waitFor();
    await page.getByText('Something is wrong with them.').waitFor();
    assert.deepEqual(fake.log.find((r) => r.path === '/attestation').body.checks, ['certificates']);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'on a narrow page the last pages are behind one more button': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: '/floor', size: 'narrow' });
    assert.equal(SIZES.narrow.width, 360);
    const menu = page.getByRole('navigation', { name: 'Main menu' });
    assert.equal(await menu.getByRole('link').count(), 4);
    await menu.getByRole('button', { name: 'More' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'System' }).waitFor();
    await page.getByRole('menuitem', { name: 'System' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Telephone lines' }).waitFor();
    await close();
    await fake.stop();
  },

  'another language comes with the messages of all pages': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'owner', path: '/floor', locale: 'fr-FR' });
    await page.getByRole('link', { name: 'Système' }).click();
    await page.getByRole('heading', { name: 'Lignes téléphoniques' }).waitFor();
    await page.getByRole('link', { name: 'Réglages' }).click();
    await page.getByRole('combobox', { name: 'Langue' }).selectOption('de');
    await page.getByRole('link', { name: 'System' }).click();
    await page.getByRole('heading', { name: 'Telefonleitungen' }).waitFor();
    await close();
    await fake.stop();
  },

  'an agent is not shown the system': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/system/permissions' });
    await page.getByText('You may not do that', { exact: false }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'System' }).count(), 0);
    await close();
    await fake.stop();
  },
};
