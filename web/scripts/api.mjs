// The types of the API. `openapi.json` is a copy of what the server says of itself at /api/v1/openapi.json.
//   node scripts/api.mjs                   writes src/shared/api/schema.d.ts from openapi.json
//   node scripts/api.mjs --check           fails if that file is not what openapi.json gives
//   node scripts/api.mjs --from URL        takes a new copy from a running server first
//   node scripts/api.mjs --check --from URL   also fails if the copy is not what the server says

import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const root = new URL('..', import.meta.url);
const COPY = new URL('openapi.json', root);
const TYPES = new URL('src/shared/api/schema.d.ts', root);
const args = process.argv.slice(2);
const check = args.includes('--check');
const from = args.includes('--from') ? args[args.indexOf('--from') + 1] : undefined;

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

let copy = await readFile(COPY, 'utf8').catch(() => '');
if (from) {
  const answer = await fetch(new URL('/api/v1/openapi.json', from));
  if (!answer.ok) stop(`${from} does not describe its API: status ${answer.status}`);
  const fresh = `${JSON.stringify(await answer.json(), null, 1)}\n`;
  if (check && fresh !== copy) stop('web/openapi.json is not what the server says: run `npm run api -- --from URL`');
  if (!check) await writeFile(COPY, (copy = fresh));
}
const head = '// Made from openapi.json by `npm run api`. Not to be edited.\n\n';
const types = head + astToString(await openapiTS(copy));
if (!check) await writeFile(TYPES, types);
else if ((await readFile(TYPES, 'utf8').catch(() => '')) !== types) {
  stop('src/shared/api/schema.d.ts is not what openapi.json gives: run `npm run api`');
}
