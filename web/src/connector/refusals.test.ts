import { expect, it, vi } from 'vitest';
import { join } from 'node:path';
import { messagesOf } from '../../build/messages';
import { makeI18n } from '@/shared/i18n';
import type { Messages } from '@/shared/i18n/load';
import { byServer, Refused, refusalIn } from './dial';
import type { Setup, Way } from './setup';

vi.mock('@microsoft/teams-js', () => ({ app: {}, call: {}, nestedAppAuth: {} }));

const folder = join(import.meta.dirname, '../shared/i18n/catalogue');
const german = makeI18n('de', messagesOf(folder, 'de', 'apart') as Messages, ['de']);

/** What somebody reads of a call that the server refuses with this. */
async function reads(problem: object): Promise<string | null> {
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(problem), { status: 422 }));
  const setup = { scope: 'api://here/access_as_user' } as Setup;
  const called = byServer(setup, async () => 'token', { id: null } as Way, '+491', { password: null, line: null, line_pass: null }, null, () => undefined);
  const refused: unknown = await called.catch((e: unknown) => e);
  if (!(refused instanceof Refused)) throw new Error('it was not refused');
  return refusalIn(german, refused);
}

it('says in the own language why nobody is called, and else what the server says', async () => {
  const detail = 'this number may not be called: premium numbers are not called';
  expect(await reads({ detail, code: 'premium' })).toBe('Ihre Organisation ruft keine teuren Sonderrufnummern an.');
  expect(await reads({ detail, code: 'newer-than-this-page' })).toBe(detail);
  expect(await reads({ detail })).toBe(detail);
  expect(await reads({})).toBe('422');
});
