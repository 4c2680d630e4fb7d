// Runs the checks that need a browser, one file after the other, and says which failed.
//   npm run browser                            against a made-up server
//   npm run browser -- floor                   only the files with that in their name
//   SWITCHROOM_URL=http://… npm run browser    the checks that a running demo must pass
//   npm run browser -- --demo PROGRAM          the same, against a demo that is started and stopped here

import { readdirSync } from 'node:fs';
import { launch } from './chromium.mjs';
import { startDemo } from './demo.mjs';

const folder = new URL('./checks/', import.meta.url);
const args = process.argv.slice(2);
const program = args.includes('--demo') ? args.splice(args.indexOf('--demo'), 2)[1] : undefined;
const demo = program ? await startDemo(program) : undefined;
if (demo) {
  process.env.SWITCHROOM_URL = demo.address;
  process.env.SWITCHROOM_TEAMS_URL = demo.teams;
  // For what its own command line is to judge.
  process.env.SWITCHROOM_PROGRAM = program;
}
// What needs a made-up world says so by its name; what begins with `running` is for servers that decide for themselves.
const real = process.env.SWITCHROOM_URL !== undefined;
const [only] = args;
const files = readdirSync(folder)
  .filter((f) => f.endsWith('.mjs') && f.startsWith('running') === real && (!only || f.includes(only)))
  .sort();
let failed = 0;
const browser = await launch();
try {
  for (const file of files) {
    const { checks } = await import(new URL(file, folder).href);
    for (const [name, check] of Object.entries(checks)) {
      const began = Date.now();
      try {
        const said = await check(browser);
        process.stdout.write(`ok    ${file}: ${name} (${Date.now() - began} ms)${said ? ` ${said}` : ''}\n`);
      } catch (e) {
        failed += 1;
        process.stdout.write(`FAIL  ${file}: ${name}\n      ${String(e?.stack ?? e).split('\n').join('\n      ')}\n`);
      }
    }
  }
} finally {
  await browser.close();
  await demo?.stop();
}
if (failed > 0) {
  process.stderr.write(`${failed} failed\n`);
  process.exit(1);
}
