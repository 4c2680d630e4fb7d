// The desk: an agent's whole work by keyboard alone, with a real peer connection whose far end is in the same page.

import assert from 'node:assert/strict';
import { serveFake } from '../fake/server.mjs';
import { open } from '../session.mjs';

/** Lets the page's own browser answer its offer, as the server would; the far end hears what the phone sends. */
function connectThrough(fake, page) {
  fake.connect = (offer) =>
    page.evaluate(async (sdp) => {
      window.far?.close();
      const far = new RTCPeerConnection();
      window.far = far;
      window.heard = { peak: 0, keys: '' };
      const context = new AudioContext();
      const tone = context.createOscillator();
      const out = context.createMediaStreamDestination();
      tone.connect(out);
      tone.start();
      far.addTrack(out.stream.getAudioTracks()[0], out.stream);
      far.ontrack = ({ streams: [stream] }) => {
        // Without an element that plays it an analyser reads silence.
        const sink = new Audio();
        sink.srcObject = stream;
        sink.muted = true;
        void sink.play();
        const analyser = context.createAnalyser();
        context.createMediaStreamSource(stream).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        setInterval(() => {
          analyser.getFloatTimeDomainData(samples);
          window.heard.peak = Math.max(window.heard.peak, ...samples.map(Math.abs));
        }, 50);
      };
      await far.setRemoteDescription({ type: 'offer', sdp });
      await far.setLocalDescription(await far.createAnswer());
      if (far.iceGatheringState !== 'complete') {
        await new Promise((done) => {
          far.onicegatheringstatechange = () => far.iceGatheringState === 'complete' && done();
          setTimeout(done, 2_000);
        });
      }
      return far.localDescription.sdp;
    }, offer);
}

const heard = async (page) => {
  await page.evaluate(() => (window.heard.peak = 0));
  await page.waitForTimeout(1_200);
  return page.evaluate(() => window.heard.peak);
};

async function until(page, done, what) {
  for (let n = 0; n < 150 && !done(); n += 1) await page.waitForTimeout(20);
  assert.ok(done(), what);
}

export const checks = {
  'an agent works by keyboard alone, with the phone in the browser': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    connectThrough(fake, page);
    const keys = page.keyboard;
    const sent = (path, action) => fake.log.some((r) => r.path.includes(path) && (!action || r.body?.action === action));
    const state = () => fake.world.agents.get('anna').state;

    // Whoever asks for calls the first time gets them here.
    await page.getByRole('switch', { name: 'Take calls in this browser' }).waitFor();
    await keys.press('Alt+Shift+V');
    await page.getByText('Ready', { exact: false }).waitFor();
    await until(page, () => state() === 'available', 'is available');

    // A call rings; it is answered.
    fake.world.offer('anna');
    await page.getByRole('button', { name: 'Answer' }).waitFor();
    assert.ok((await heard(page)) < 0.01, 'nobody hears the microphone before the call');
    await keys.press('Alt+Shift+A');
    await page.getByRole('toolbar').waitFor();
    assert.ok((await heard(page)) > 0.01, 'the far end hears the microphone');

    // Muted, and not.
    await keys.press('Alt+Shift+M');
    await page.getByRole('button', { name: 'Unmute' }).waitFor();
    await page.waitForTimeout(400);
    assert.ok((await heard(page)) < 0.01, 'muted is silent');
    await keys.press('Alt+Shift+M');

    // On hold, and back.
    await keys.press('Alt+Shift+H');
    await page.getByRole('button', { name: 'Take back' }).waitFor();
    await keys.press('Alt+Shift+H');
    await page.getByRole('button', { name: 'Hold' }).waitFor();

    // Keys of a telephone.
    await keys.press('Alt+Shift+K');
    await page.getByLabel('Keypad').last().waitFor();
    await keys.type('12#');
    await page.getByText('12#', { exact: true }).waitFor();
    await keys.press('Escape');

    // The recording stands still and goes on; secret digits.
    await page.getByRole('button', { name: 'Pause rec.' }).focus();
    await keys.press('Enter');
    await page.getByRole('button', { name: 'Resume rec.' }).waitFor();
    await page.getByRole('button', { name: 'Resume rec.' }).focus();
    await keys.press('Enter');
    await page.getByRole('button', { name: 'Secure entry' }).focus();
    await keys.press('Enter');
    await page.getByRole('menuitem', { name: 'Card number' }).waitFor();
    await keys.press('Enter');
    await page.getByRole('button', { name: 'Stop entry' }).focus();
    await keys.press('Enter');
    await page.getByRole('button', { name: 'Secure entry' }).waitFor();

    // Somebody is asked, and joins; notes and the end of the call are named.
    await keys.press('Alt+Shift+T');
    await page.getByRole('searchbox').waitFor();
    const free = [...fake.world.agents.values()].find((a) => a.state === 'available' && a.id.startsWith('agent'));
    const name = fake.world.users.find((u) => u.id === free.id).name;
    await keys.type(name.slice(0, 5));
    await page.getByRole('button', { name: `Ask first: ${name}` }).focus();
    await keys.press('Enter');
    await page.getByText('You talk aside with').waitFor();
    await page.getByRole('button', { name: 'All together' }).focus();
    await keys.press('Enter');
    await until(page, () => sent('/actions', 'join'), 'all together');
    await page.getByRole('textbox', { name: 'Notes' }).focus();
    await keys.type('Wants a <b>blue</b> bicycle.');
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Order', exact: true }).focus();
    await keys.press('Space');
    await until(page, () => sent('/actions', 'dispose'), 'the end was named');

    // A reload in the middle of the call keeps it.
    await page.reload();
    connectThrough(fake, page);
    await page.getByRole('button', { name: 'Mute' }).waitFor();

    // The session ends and begins again: the connection stays.
    await page.evaluate(() => (window.sameFar = window.far));
    await page.context().clearCookies();
    await page.getByText('Your session has ended.').waitFor({ timeout: 20_000 });
    await page.getByRole('button', { name: /Anna Albrecht/ }).focus();
    await keys.press('Enter');
    await page.getByRole('button', { name: 'Mute' }).waitFor();
    assert.ok(await page.evaluate(() => window.sameFar === window.far), 'the same connection');
    assert.ok((await heard(page)) > 0.01, 'the far end hears the microphone still');

    // The end, wrap-up, the next call.
    await keys.press('Alt+Shift+E');
    await page.getByRole('button', { name: 'Done, next call' }).waitFor();
    await page.getByRole('button', { name: '30 seconds more' }).focus();
    await keys.press('Enter');
    await until(page, () => sent('/wrap-up'), 'more time');
    await keys.press('Alt+Shift+V');
    await until(page, () => state() === 'available', 'is available again');
    await page.getByText('The next call comes to you.').waitFor();

    // One more, declined.
    fake.world.offer('anna');
    await page.getByRole('button', { name: 'Decline' }).waitFor();
    await keys.press('Alt+Shift+D');
    await until(page, () => sent('/softphone/decline'), 'declined');

    // Messages and callbacks by arrows.
    await page.getByRole('tab', { name: 'My last calls' }).focus();
    await keys.press('ArrowRight');
    await page.getByText('promised', { exact: false }).first().waitFor();
    await keys.press('ArrowRight');
    await page.getByRole('button', { name: 'Listen' }).first().waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'a call of one\'s own begins where one is rung': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    connectThrough(fake, page);
    const dial = async (number) => {
      await page.getByRole('textbox', { name: 'Number to call' }).fill(number);
      await page.keyboard.press('Enter');
      const asked = () => fake.log.filter((r) => r.path.includes('/dial') && r.body?.to === number);
      await until(page, () => asked().length > 0, 'the server is asked');
      return asked()[0].body.softphone;
    };
    assert.equal(await dial('+493055501'), null, 'this page is nobody\'s phone');
    await page.getByRole('switch').focus();
    await page.keyboard.press('Space');
    await page.getByText('Ready', { exact: false }).waitFor();
    assert.equal(await dial('+493055502'), 'p1-1', 'the page says which one it is');
    assert.deepEqual(said.filter((s) => !s.includes('409')), []);
    await close();
    await fake.stop();
  },

  'of two tabs one is the phone': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    connectThrough(fake, page);
    await page.getByRole('switch').focus();
    await page.keyboard.press('Space');
    await page.getByText('Ready', { exact: false }).waitFor();
    const second = await page.context().newPage();
    connectThrough(fake, second);
    await second.goto(`${fake.address}/desk`);
    await second.getByText('Ready', { exact: false }).waitFor();
    await page.getByText('Another page is your phone now.').waitFor();
    // Taken back: the other one says so.
    connectThrough(fake, page);
    await page.getByText('Try again').click();
    await page.getByText('Ready', { exact: false }).waitFor();
    await second.getByText('Another page is your phone now.').waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'after a transfer the agent names how their own part ended': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    fake.world.set('anna', { state: 'available' });
    fake.world.offer('anna');
    fake.world.answer('anna');
    await page.getByRole('button', { name: 'Transfer' }).click();
    await page.getByRole('searchbox').fill('bill');
    await page.getByRole('button', { name: 'Transfer: Billing' }).click();
    await page.getByRole('button', { name: 'Done, next call' }).waitFor();
    await page.getByRole('button', { name: 'Order', exact: true }).waitFor();
    assert.equal(fake.world.over[0].view.queue, 'billing', 'the call itself is the other queue’s');
    assert.equal(await page.getByRole('button', { name: 'Refund promised' }).count(), 0, 'what Billing says of its calls is not asked');
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'a page opened by an address says why it has no passkeys, and what to do': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/settings' });
    await page.getByText('was opened by an address: ⁨127.0.0.1⁩. Open it by its name', { exact: false }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add a passkey' }).count(), 0);
    await page.goto(`${fake.address.replace('127.0.0.1', 'localhost')}/`);
    await page.getByRole('button', { name: 'With a passkey' }).waitFor();
    await close();
    const nobody = await open(browser, fake.address, { persona: null });
    await nobody.page.getByRole('button', { name: 'With a passkey' }).click();
    await nobody.page.getByRole('alert').getByText('localhost will do').waitFor();
    await nobody.close();
    await fake.stop();
  },

  'a call rings on every page': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/calls' });
    await page.locator('table').waitFor();
    fake.world.set('anna', { state: 'available' });
    fake.world.offer('anna');
    const dock = page.getByRole('complementary', { name: 'A call for you' });
    await dock.waitFor();
    await dock.getByRole('button', { name: 'To the desk' }).click();
    await page.getByRole('region', { name: 'A call for you' }).waitFor();
    await page.getByText('Your phone is ringing').waitFor();
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'names cannot do harm': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, said, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    let dialogs = 0;
    page.on('dialog', (d) => {
      dialogs += 1;
      void d.dismiss();
    });
    fake.world.users.find((u) => u.id === 'agent2').name = '</script><script>alert(1)</script>\u202eevil';
    fake.world.set('anna', { state: 'available' });
    const id = fake.world.offer('anna');
    Object.assign(fake.world.calls.get(id), { caller: 'javascript:alert(1)', caller_name: '"><img src=x onerror=alert(1)>\u202e\u0000gnp' });
    await page.getByText('"><img src=x onerror=alert(1)>gnp').first().waitFor();
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(dialogs, 0);
    assert.deepEqual(said, []);
    await close();
    await fake.stop();
  },

  'the session may end in the middle of a call': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    fake.world.set('anna', { state: 'available' });
    fake.world.offer('anna');
    fake.world.answer('anna');
    await page.getByRole('toolbar').waitFor();
    await page.context().clearCookies();
    await page.getByText('Your session has ended.').waitFor({ timeout: 20_000 });
    assert.equal(fake.world.agents.get('anna').state, 'talking', 'the call goes on');
    await page.getByRole('button', { name: /Anna Albrecht/ }).click();
    await page.getByRole('toolbar').waitFor();
    await close();
    await fake.stop();
  },

  // How soon that is depends on the machine; what it depends on is judged here.
  'the desk is usable after little has been loaded': async (browser) => {
    const fake = await serveFake({ still: true, offers: false });
    const { page, close } = await open(browser, fake.address, { persona: 'agent', path: '/desk' });
    await page.getByRole('button', { name: 'Become available' }).waitFor();
    const { asked, code, ms } = await page.evaluate(() => {
      const loaded = performance.getEntriesByType('resource');
      const of = (part) => loaded.filter((entry) => new URL(entry.name).pathname.includes(part));
      return {
        asked: of('/api/').length,
        code: of('.js').reduce((sum, entry) => sum + entry.decodedBodySize, 0),
        ms: Math.max(...loaded.map((entry) => entry.responseEnd)),
      };
    });
    await close();
    await fake.stop();
    const kilobytes = Math.round(code / 1_000);
    assert.ok(code > 0 && kilobytes < 1_200, `${kilobytes} kB of code before the desk is usable`);
    assert.ok(asked > 0 && asked < 20, `${asked} questions before the desk is usable`);
    return `${kilobytes} kB of code, ${asked} questions, ${Math.round(ms)} ms`;
  },
};
