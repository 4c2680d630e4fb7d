// Weighs what a browser loads before it shows the first page, compressed by gzip. Fails above the bound, so that weight is
// added knowingly.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** The most that the first load may weigh, in bytes: script and style, gzip. */
const MOST = 250_000;

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

// Pages that somebody may see first; each in one theme and one language.
const FIRST = ['src/app/SignIn.tsx', 'src/features/desk/DeskPage.tsx', 'src/features/floor/FloorPage.tsx'];

function follow(key, files, seen) {
  if (seen.has(key)) return;
  seen.add(key);
  const chunk = manifest[key];
  if (!chunk) throw new Error(`${key} is not in the build`);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) follow(next, files, seen);
}

const weigh = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
// The messages of one language are loaded before the first page too: the heaviest counts.
const messages = Object.entries(manifest).filter(([key]) => key.includes('virtual:messages/') && !key.endsWith('/later'));
const heaviest = messages.map(([, c]) => c.file).sort((a, b) => weigh(b) - weigh(a))[0];
if (!heaviest) throw new Error('the messages are not in the build');

let most = 0;
for (const page of FIRST) {
  const files = new Set([heaviest]);
  const seen = new Set();
  follow('index.html', files, seen);
  follow(page, files, seen);
  follow('src/app/themes/contrast.ts', files, seen);
  const weights = [...files].map((file) => [file, weigh(file)]).sort((a, b) => b[1] - a[1]);
  const sum = weights.reduce((all, [, w]) => all + w, 0);
  most = Math.max(most, sum);
  process.stdout.write(`${String(sum).padStart(8)}  first load of ${page}, gzip; at most ${MOST}\n`);
  if (process.argv.includes('--files')) for (const [f, w] of weights) process.stdout.write(`${String(w).padStart(12)}  ${f}\n`);
}
if (most > MOST) {
  process.stderr.write('The first load is too heavy: load a page or a library lazily.\n');
  process.exit(1);
}
