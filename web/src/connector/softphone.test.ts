import { expect, it, vi } from 'vitest';
import { byAddress } from './dial';
import type { Setup, Way } from './setup';
import { NoToken, type Tokens } from './tokens';

vi.mock('@microsoft/teams-js', () => ({ app: {}, call: {}, nestedAppAuth: {} }));
const opened = vi.hoisted(() => [] as string[]);
vi.mock('./host', () => ({ openPage: async (page: string) => void opened.push(page) }));

const way = { id: 'desktop', scheme: 'maxuccall' } as Way;
const asks = (scope: string | null, tokens: Tokens | null) => byAddress('harbour', { scope } as Setup, tokens, way, '+491');
const refuses: Tokens = async () => { throw new NoToken('refused'); };

it('asks for a softphone in the name of whoever signs in, and without a name only where nobody does', async () => {
  const asked: [string, string | undefined][] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push([url, (init.headers as Record<string, string>).Authorization]);
    return new Response(JSON.stringify({ open: 'https://here/call' }));
  });
  await asks('api://here/access_as_user', async () => 'own');
  expect(asked.splice(0)).toEqual([['/api/v1/dial', 'Bearer own']]);
  await asks(null, refuses);
  expect(asked.splice(0)).toEqual([['/api/v1/connector/harbour/softphone-link', undefined]]);
  expect(opened.splice(0).length).toBe(2);
  // Without a sign-in where there is one, nothing is asked, and nothing opened.
  await expect(asks('api://here/access_as_user', null)).rejects.toMatchObject({ why: 'unavailable' });
  await expect(asks('api://here/access_as_user', refuses)).rejects.toMatchObject({ why: 'refused' });
  expect([asked, opened]).toEqual([[], []]);
});
