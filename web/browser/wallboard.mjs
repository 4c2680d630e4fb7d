// Measures the floor with a thousand agents and ten changes a second, for as long as it is told:
//   npm run wallboard -- --minutes 10 [--agents 1000] [--rate 10]
// Prints how many frames came within 20 ms and what memory the page holds after its rubbish is taken away, minute by
// minute. Ends with 1 when fewer than 95 of 100 frames did, or when memory grew by more than a tenth after the first minute.

import { launch } from './chromium.mjs';
import { serveFake } from './fake/server.mjs';
import { below, frames, quantile } from './frames.mjs';
import { open } from './session.mjs';

/** A frame is in time below this, in milliseconds. */
const IN_TIME = 20;
/** So many frames of all have to be in time. */
const SHARE = 0.95;
/** Memory is flat if it grows by no more than this. */
const GROWTH = 0.1;
const MINUTE = 60_000;

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!(value > 0)) {
    process.stderr.write(`--${name} needs a number above 0\n`);
    process.exit(2);
  }
  return value;
};
const [minutes, agents, rate] = [option('minutes', 1), option('agents', 1_000), option('rate', 10)];

const fake = await serveFake({ agents, rate, offers: false });
const browser = await launch();
const say = (text) => process.stdout.write(`${text}\n`);
let good = true;
try {
  const { page, said } = await open(browser, fake.address, { persona: 'supervisor', path: '/floor' });
  await page.locator('[data-place="0"]').waitFor();
  const inside = await page.context().newCDPSession(page);
  const heap = async () => {
    await inside.send('HeapProfiler.collectGarbage');
    return (await inside.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  const empty = await page.context().newPage();
  const base = await frames(empty, 5_000);
  await empty.close();
  await page.bringToFront();
  // What is loaded late and compiled when first used is not growth.
  await frames(page, 5_000);
  const start = await heap();
  const began = fake.world.number;
  say(`${agents} agents, ${rate} changes a second, ${minutes} min; an empty page: ${(100 * below(base, IN_TIME)).toFixed(1)} % of frames under ${IN_TIME} ms`);
  say('minute  frames  under 20 ms   95 % ms   99 % ms  longest ms  heap MB');
  const all = [];
  const heaps = [start];
  for (let left = minutes * MINUTE, n = 1; left > 0; left -= MINUTE, n += 1) {
    const gaps = await frames(page, Math.min(MINUTE, left));
    heaps.push(await heap());
    for (const gap of gaps) all.push(gap);
    const figures = [
      String(n).padStart(6), String(gaps.length).padStart(7), `${(100 * below(gaps, IN_TIME)).toFixed(2)} %`.padStart(12),
      ...[quantile(gaps, 0.95), quantile(gaps, 0.99), quantile(gaps, 1)].map((v, at) => v.toFixed(1).padStart(at < 2 ? 9 : 11)),
      heaps[n].toFixed(1).padStart(8),
    ];
    say(figures.join(' '));
  }
  const share = below(all, IN_TIME);
  const end = heaps[heaps.length - 1];
  // The first minute fills what is bounded: the calls of the last minutes that the page keeps.
  const grown = end / heaps[1] - 1;
  const messages = fake.world.number - began;
  say(
    `${(100 * share).toFixed(2)} % of ${all.length} frames under ${IN_TIME} ms (goal ${100 * SHARE} %); heap ${start.toFixed(1)} MB at the start, ` +
      `${end.toFixed(1)} MB at the end, ${(100 * grown).toFixed(1)} % since the first minute (goal at most ${100 * GROWTH} %); ${messages} messages`,
  );
  for (const complaint of said) say(`the page complained: ${complaint}`);
  good = share >= SHARE && grown <= GROWTH && said.length === 0;
} finally {
  await browser.close();
  await fake.stop();
}
process.exit(good ? 0 : 1);
