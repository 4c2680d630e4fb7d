import { beforeEach, describe, expect, it, vi } from 'vitest';
import { plain } from './dial';
import { nameOf, onWhite, shadesOf, themeOf } from './brand';
import { claimsOf, readMembers, readNumbers, MOST_MEMBERS, type Member } from './graph';
import { personIn } from './host';
import { lineOf, numberIn, passIn } from './line';
import { keepSettings, readSettings, settingsOf } from './settings';
import type { Tokens } from './tokens';

vi.mock('@microsoft/teams-js', () => ({ app: {}, call: {}, nestedAppAuth: {} }));

const GRAPH = 'https://graph.example';
const tokens: Tokens = async (scopes, claims) => `${scopes.join(' ')}${claims ? `+${claims}` : ''}`;

/** Answers Graph's side; what was asked is kept. */
function answers(reply: (url: string, init: RequestInit) => Response): { url: string; auth: string }[] {
  const asked: { url: string; auth: string }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, auth: (init.headers as Record<string, string>).Authorization ?? '' });
    return reply(url, init);
  });
  return asked;
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers });

describe('the person whose button was pressed', () => {
  it('is read from the address, and nothing else is', () => {
    expect(personIn('#person=3f2504e0-4f89-41d3-9a0c-0305e82c3301')).toBe('3f2504e0-4f89-41d3-9a0c-0305e82c3301');
    for (const bad of ['', '#person=', '#person=anna', '#person=3f2504e0-4f89-41d3-9a0c-0305e82c3301&x=1']) expect(personIn(bad)).toBe(null);
  });
});

describe('the own line', () => {
  const sealed = 'A-_9'.repeat(30);
  it('is shown by a pass as it is handed out', () => {
    expect(passIn(` office~${sealed}\n`)).toEqual({ pbx: 'office', pass: `office~${sealed}` });
    for (const bad of [undefined, '', 'office', `~${sealed}`, `Office~${sealed}`, 'office~short', `office~${sealed}=`, `office~${'A'.repeat(1501)}`]) expect(passIn(bad)).toBe(null);
  });
  it('is typed as people write it', () => {
    expect(lineOf('(201) 555-0123')).toBe('2015550123');
    expect(lineOf('agent-7')).toBe('agent-7');
    for (const bad of ['', '1/2', 'a@b', '1\r2;', '1'.repeat(33)]) expect(lineOf(bad)).toBe(null);
  });
  it('calls a number of the address only when that is one', () => {
    expect(numberIn('#call=+4942155501')).toBe('+4942155501');
    for (const bad of ['', '#call=', '#call=*21*1#', '#call=1&x', '#call=javascript:1']) expect(numberIn(bad)).toBe(null);
  });
});

describe('members', () => {
  it('come page by page, each once, by name; links to elsewhere are not followed', async () => {
    const asked = answers((url) =>
      url.includes('skip')
        ? json({ value: [{ userId: 'a', displayName: 'Anna' }], '@odata.nextLink': 'https://evil.example/x' })
        : json({ value: [{ userId: 'b', displayName: 'Ben' }, { userId: 'b', displayName: 'Ben' }, { displayName: 'nobody' }], '@odata.nextLink': `${GRAPH}/v1.0/next?skip` }),
    );
    const found = await readMembers(GRAPH, tokens, { kind: 'chat', chat: '19:x@thread.v2' });
    expect(found.members.map((m: Member) => m.name)).toEqual(['Anna', 'Ben']);
    expect(asked.map((a) => a.url)).toEqual([`${GRAPH}/v1.0/chats/19%3Ax%40thread.v2/members`, `${GRAPH}/v1.0/next?skip`]);
    expect(asked[0]?.auth).toBe(`Bearer ${GRAPH}/ChatMember.Read`);
  });

  it('are no more than so many', async () => {
    let n = 0;
    answers(() => {
      n += 1;
      const value = Array.from({ length: 999 }, (_, i) => ({ userId: `u${n}-${i}`, displayName: `U${i}` }));
      return json({ value, '@odata.nextLink': `${GRAPH}/v1.0/p${n}` });
    });
    const found = await readMembers(GRAPH, tokens, { kind: 'team', team: 't' });
    expect([found.members.length, found.more]).toEqual([MOST_MEMBERS, true]);
  });

  it('of Conditional Access are asked for with the claims that it demands, once', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const asked = answers((_, init) =>
      String((init.headers as Record<string, string>).Authorization).includes('+')
        ? json({ value: [] })
        : json({}, 401, { 'WWW-Authenticate': `Bearer error="insufficient_claims", claims="${btoa(claims)}"` }),
    );
    await readMembers(GRAPH, tokens, { kind: 'team', team: 't' });
    expect(asked.at(-1)?.auth).toContain(claims);
    answers(() => json({}, 403));
    await expect(readMembers(GRAPH, tokens, { kind: 'team', team: 't' })).rejects.toMatchObject({ why: 'refused' });
  });

  it('have their numbers, or none', async () => {
    answers(() => json({ responses: [
      { id: 'a', status: 200, body: { businessPhones: ['+49 421 1', ''], mobilePhone: null, userPrincipalName: 'a@x' } },
      { id: 'guest', status: 404, body: { error: {} } },
    ] }));
    const found = await readNumbers(GRAPH, tokens, ['a', 'guest']);
    expect(found.get('a')).toEqual({ business: ['+49 421 1'], mobile: null, address: 'a@x' });
    expect(found.get('guest')).toEqual({ business: [], mobile: null, address: null });
  });

  it('are read again where Graph had no time, and are not called none where it never has', async () => {
    const busy = (id: string) => ({ id, status: 429, headers: { 'Retry-After': '0.01' }, body: { error: {} } });
    let n = 0;
    const asked = answers(() => {
      n += 1;
      const b = n < 2 ? busy('b') : { id: 'b', status: 200, body: { businessPhones: ['1'] } };
      return json({ responses: n === 1 ? [{ id: 'a', status: 200, body: {} }, b, busy('c')] : [b, busy('c')] });
    });
    const found = await readNumbers(GRAPH, tokens, ['a', 'b', 'c']);
    expect(found.get('b')?.business).toEqual(['1']);
    expect([...found.keys()].sort()).toEqual(['a', 'b']);
    expect(asked.length).toBe(4);
    answers(() => json({ responses: [{ id: 'a', status: 403, body: { error: {} } }] }));
    await expect(readNumbers(GRAPH, tokens, ['a'])).rejects.toMatchObject({ why: 'refused' });
  });
});

it('claims are read out of a header and nothing else is', () => {
  expect(claimsOf(`Bearer error="insufficient_claims", claims="${btoa('{}')}"`)).toBe('{}');
  for (const bad of [null, '', 'Bearer', 'Bearer error="insufficient_claims", claims="%%"', `Bearer claims="${btoa('{}')}"`]) {
    expect(claimsOf(bad), String(bad)).toBeNull();
  }
});

it('numbers are digits', () => {
  for (const [text, number] of [['+49 (421) 555-99', '+4942155599'], ['tel:112', '112'], ['0421/55599', '042155599']]) expect(plain(text as string)).toBe(number);
  for (const bad of ['*21*0900#', '+49ANNA', '', '1', '+', '+49;ext=1']) expect(plain(bad), bad).toBeNull();
});

describe('settings', () => {
  beforeEach(() => localStorage.clear());
  it('stand in the tab’s own storage, and nonsense there counts as nothing', () => {
    const chosen = { way: 'office', business: false, mobile: true, lines: { office: '1001' }, passes: { asterisk: 'x' }, rings: { office: '+4930' } };
    const place = settingsOf('north', 'anna');
    keepSettings(place, chosen);
    expect(readSettings(place)).toEqual(chosen);
    for (const bad of ['', 'null', '[]', '{"way":7,"mobile":"x","lines":{"a":1},"passes":3}', '{']) {
      localStorage.setItem(place, bad);
      expect(readSettings(place)).toEqual({ way: null, business: true, mobile: true, lines: {}, passes: {}, rings: {} });
    }
  });
});

describe('settings of others', () => {
  beforeEach(() => localStorage.clear());
  it('are not seen by another person or tenant in the same browser', () => {
    const first = readSettings(settingsOf('north', 'anna'));
    keepSettings(settingsOf('north', 'anna'), { ...first, lines: { office: '1001' }, rings: { office: '+4930' } });
    for (const [tenant, person] of [['north', 'ben'], ['south', 'anna'], ['north/anna', ''], ['north', undefined]] as const)
      expect(readSettings(settingsOf(tenant, person)), `${tenant} ${person}`).toEqual(first);
    expect(readSettings(settingsOf('north', 'anna')).lines).toEqual({ office: '1001' });
  });
});

describe('whoever offers the tab', () => {
  const brand = { name: 'Harbour Calls', names: { de: 'Hafenruf' }, company: 'Harbour', accent: '#ffd400', privacy: 'https://a.example/p', terms: 'https://a.example/t' };
  it('gives it a name by language, and colours that stay readable', () => {
    expect([nameOf(brand, 'de'), nameOf(brand, 'fr'), nameOf(null, 'de')]).toEqual(['Hafenruf', 'Harbour Calls', null]);
    for (const accent of ['#ffd400', '#0b5cad', '#ffffff', '#000000']) {
      const shades = shadesOf(accent);
      expect(shades && onWhite(shades[80]), accent).toBeGreaterThanOrEqual(4.5);
    }
    expect(shadesOf('red')).toBeNull();
    expect(themeOf('default', brand).colorBrandBackground).not.toBe(themeOf('default', null).colorBrandBackground);
    // In high contrast nobody's brand counts.
    expect(themeOf('contrast', brand)).toBe(themeOf('contrast', null));
  });
});
