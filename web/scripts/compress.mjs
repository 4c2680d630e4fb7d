// Lays compressed forms beside the files of the built app, as small as they get: they are made once and sent often.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Files below this are not worth it, in bytes. */
const LEAST = 512;

const dist = fileURLToPath(new URL('../dist', import.meta.url));
for (const file of readdirSync(dist, { recursive: true })) {
  const path = join(dist, file);
  if (!/\.(js|css|html|svg|json)$/.test(path) || path.includes('/.vite/')) continue;
  const plain = readFileSync(path);
  if (plain.length < LEAST) continue;
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
