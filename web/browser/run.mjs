// Runs the checks that need a browser, one file after the other, and says which failed.
//   npm run browser                 against the made-up server beside this file
//   SWITCHROOM_URL=http://… npm run browser    the checks that any server must pass, against a running demo

import { readdirSync } from 'node:fs';
import { launch } from './chromium.mjs';

const folder = new URL('./checks/', import.meta.url);
const only = process.argv[2];
const files = readdirSync(folder).filter((f) => f.endsWith('.mjs') && (!only || f.includes(only))).sort();
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
}
if (failed > 0) {
  process.stderr.write(`${failed} failed\n`);
  process.exit(1);
}
