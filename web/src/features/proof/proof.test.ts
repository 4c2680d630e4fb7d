import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeI18n, type MessageKey } from '@/shared/i18n';
import { callOf } from './actions';
import { ChainCheck, cutBytes, cutOf, digestOf, signedBytes, type EntryLine, type HeadLine } from './chain';
import { checkText, linesOf, meaningOf, provenAt } from './explain';
import { changesSince, countAnswers, isWrong, laidOut, readAttestation, type Answer, type Attestation, type Evidence } from './paper';
import { questionKey } from './questions';

const evidence = (result: string, at: string | null): Evidence => ({ check: 'tls', against: '', at, result, found: [], version: '', digest: '' });
const answer = (by: Answer['by'], value: unknown, ...behind: Evidence[]): Answer => ({ id: 'X', page: 'General', question: '', answer: value, by, evidence: behind });

describe('an attestation as a file', () => {
  it('is laid out as the command line does, letter by letter', () => {
    const text = '{"a":[],"b":{},"c":[1.0,2e5,12345678901234567890,null],"d":"x \\" {[,:]} \\\\","e":{"f":[{"g":true},"\u00fc"]}}';
    expect(laidOut(text)).toBe(
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1.0,\n    2e5,\n    12345678901234567890,\n    null\n  ],\n  "d": "x \\" {[,:]} \\\\",\n' +
        '  "e": {\n    "f": [\n      {\n        "g": true\n      },\n      "\u00fc"\n    ]\n  }\n}\n',
    );
  });

  it('is read only if it is one', () => {
    expect(readAttestation('{"tenant":"t","at":"x","answers":[{"id":"A"}]}')?.tenant).toBe('t');
    for (const text of ['', 'null', '[]', '{"tenant":"t","at":"x","answers":[null]}', '{"tenant":1,"at":"x","answers":[]}']) expect(readAttestation(text)).toBeNull();
  });
});

describe('answers', () => {
  it('are wrong where a check says so, or where the word differs from it', () => {
    expect(isWrong(answer('software', 'no', evidence('not as it should be', 'x')))).toBe(true);
    expect(isWrong({ ...answer('declared', 'yes'), disagreement: 'x' })).toBe(true);
    expect(isWrong(answer('open', null, evidence('not run', null)))).toBe(false);
    expect(countAnswers([answer('software', 'yes'), answer('open', null)])).toEqual({ software: 1, declared: 0, open: 1, wrong: 0 });
  });

  it('say what they rest on', () => {
    const ran = evidence('cannot be said', '2026-11-20T10:00:00.000Z');
    const cases: [Answer, MessageKey][] = [
      [answer('software', 'yes', ran), 'proof.means-software'],
      [answer('declared', 'yes', ran), 'proof.means-declared-beside'],
      [answer('declared', 'yes', evidence('not run', null)), 'proof.means-declared'],
      [answer('open', null), 'proof.means-open'],
      [answer('open', null, ran), 'proof.means-open-beside'],
      [answer('open', null, evidence('not run', null)), 'proof.means-open-unchecked'],
    ];
    for (const [given, key] of cases) expect(meaningOf(given)).toBe(key);
    expect(provenAt(answer('software', 'yes', evidence('', null), ran))).toBe(ran.at);
    expect(provenAt(answer('open', null))).toBeNull();
  });

  it('are told in words', () => {
    const i18n = makeI18n('en', { 'proof.yes': 'Yes', 'proof.no': 'No', 'proof.nothing': 'None' }, ['en-GB']);
    expect(linesOf('yes', i18n)).toEqual(['Yes']);
    expect(linesOf([], i18n)).toEqual(['None']);
    expect(linesOf({ used: 'yes', stored: 'no' }, i18n)).toEqual(['used: Yes', 'stored: No']);
    expect(linesOf('toString', i18n)).toEqual(['toString']);
  });

  it('are compared with those from before', () => {
    const paper = (...answers: Answer[]) => ({ answers }) as Attestation;
    const before = paper({ ...answer('open', null), id: 'A' }, { ...answer('software', ['x']), id: 'B' });
    const now = paper({ ...answer('declared', 'yes'), id: 'A' }, { ...answer('software', ['x']), id: 'B' }, { ...answer('open', null), id: 'C' });
    expect([...changesSince(before, now)].map(([id, old]) => [id, old?.by ?? null])).toEqual([['A', 'open'], ['C', null]]);
  });
});

describe('what the server knows', () => {
  const attest = (name: string) => readFileSync(join(import.meta.dirname, '../../../../crates/server/src/attest', name), 'utf8');

  it('is asked in the words of each language', () => {
    // The server's own list, so that a question added there is missed here. Names of frameworks stand as they are.
    const source = attest('questions.rs');
    const table = source.slice(source.indexOf('pub const QUESTIONS'), source.indexOf('];', source.indexOf('pub const QUESTIONS')));
    const ids = [...table.matchAll(/q\(\s*"([A-Z0-9_]+)"/g)].map((m) => m[1] ?? '');
    expect(ids.length).toBeGreaterThan(80);
    expect(ids.filter((id) => !id.startsWith('CMP') && questionKey(id) === null)).toEqual([]);
    expect(questionKey('toString')).toBeNull();
  });

  it('is checked in words for each check', () => {
    const source = attest('check.rs');
    const names = [...source.slice(source.indexOf('pub const CHECKS')).matchAll(/\("([a-z-]+)", /g)].map((m) => m[1] ?? '');
    expect(names.length).toBeGreaterThan(15);
    const i18n = makeI18n('en', {}, ['en-GB']);
    expect(names.filter((name) => checkText(name, i18n) === name)).toEqual([]);
  });
});

describe('the audit log', () => {
  const bare = (entry: number): EntryLine => ({
    entry, at: new Date(1_000 + entry).toISOString(), at_ms: 1_000 + entry, who: 'user anna', action: 'recording.listen', object: `Recording/r${entry}`, person: entry % 2, sealed: entry % 2 ? '07' : '', digest: '',
  });
  const made = async (count: number): Promise<EntryLine[]> => {
    const log: EntryLine[] = [];
    for (let n = 1; n <= count; n += 1) log.push({ ...bare(n), digest: await digestOf(log.at(-1)?.digest ?? '', bare(n)) });
    return log;
  };
  const hex = (all: ArrayBuffer) => Array.from(new Uint8Array(all), (b) => b.toString(16).padStart(2, '0')).join('');
  const signer = async () => {
    const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
    const key = hex(await crypto.subtle.exportKey('raw', pair.publicKey));
    const head = async (entry: EntryLine | undefined): Promise<HeadLine> => {
      const bare = { head: entry?.entry ?? 0, tenant: 'demo', at: '', at_ms: 9, digest: entry?.digest ?? '', key, signature: '' };
      return { ...bare, signature: hex(await crypto.subtle.sign('Ed25519', pair.privateKey, signedBytes(bare))) };
    };
    const cut = async (entry: number, digest: string) => hex(await crypto.subtle.sign('Ed25519', pair.privateKey, cutBytes({ entry, digest }, 'demo')));
    return { key, head, cut };
  };
  const faults = async (log: readonly EntryLine[], heads: readonly HeadLine[] = [], key = '') => {
    const check = new ChainCheck();
    for (const entry of log) await check.entry(entry);
    return (await check.end(heads, key, 'demo')).faults.map((f) => `${f.kind} ${f.entry}`);
  };

  it('has the digests that the server gives', async () => {
    // Worked out by hand from the description of the chain in docs/compliance.md: the parts with their lengths, SHA-256.
    const { createHash } = await import('node:crypto');
    const u64 = (n: number) => Buffer.concat([Buffer.alloc(4), Buffer.from([0, 0, n >> 8, n & 255])]);
    const part = (b: Buffer) => Buffer.concat([u64(b.length), b]);
    const said = Buffer.concat([
      Buffer.from('switchroom audit entry 1\0'), u64(1), u64(1_001), u64(1), part(Buffer.alloc(0)), part(Buffer.from('user anna')), part(Buffer.from('recording.listen')), part(Buffer.from('Recording/r1')), part(Buffer.from([7])),
    ]);
    expect(await digestOf('', bare(1))).toBe(createHash('sha256').update(said).digest('hex'));
  });

  it('is whole as it was written, and not after any change', async () => {
    const log = await made(6);
    expect(await faults(log)).toEqual([]);
    const changes: ((e: EntryLine) => Partial<EntryLine>)[] = [
      (e) => ({ who: `${e.who}x` }), () => ({ action: 'recording.delete' }), (e) => ({ object: e.action, action: e.object }), (e) => ({ at_ms: e.at_ms + 1 }), (e) => ({ person: e.person + 1 }), (e) => ({ sealed: `${e.sealed}01` }),
    ];
    for (const change of changes) expect(await faults(log.map((e, n) => (n === 2 ? { ...e, ...change(e) } : e)))).toEqual(['changed 3']);
    expect(await faults(log.filter((_, n) => n !== 3))).toEqual(['missing 4']);
    expect((await faults([...log.slice(0, 2), ...log.slice(3, 4), ...log.slice(2, 3), ...log.slice(4)])).length).toBeGreaterThan(0);
  });

  it('is vouched for by heads of the right key alone', async () => {
    const log = await made(4);
    const [us, them] = [await signer(), await signer()];
    const heads = [await us.head(log[3]), await us.head(log[1])];
    const check = new ChainCheck();
    for (const entry of log) await check.entry(entry);
    expect(await check.end(heads, us.key, 'demo')).toMatchObject({ entries: 4, heads: 2, vouched: 4, faults: [], canVerify: true });
    expect(await faults(log, [await them.head(log[3])], us.key)).toEqual(['head-key 4']);
    expect(await faults(log, [{ ...(await them.head(log[3])), key: us.key }], us.key)).toEqual(['head-key 4']);
    expect(await faults(log.slice(0, 2), heads, us.key)).toEqual(['end 2']);
    // Made anew as a whole: every digest fits the one before it, and no head does.
    const anew = await made(4);
    expect(await faults(anew.map((e) => ({ ...e })), heads, us.key)).toEqual([]);
    const other = { ...bare(1), who: 'nobody' };
    other.digest = await digestOf('', other);
    const bent = [other];
    for (const e of log.slice(1)) bent.push({ ...e, digest: await digestOf(bent.at(-1)?.digest ?? '', e) });
    expect(await faults(bent, heads, us.key)).toEqual(['head-digest 2', 'head-digest 4']);
  });

  /** Digests made right again from an entry on, as whoever writes to the database can. */
  const again = async (log: readonly EntryLine[], before = '') => {
    const out: EntryLine[] = [];
    for (const e of log) out.push({ ...e, digest: await digestOf(out.at(-1)?.digest ?? before, e) });
    return out;
  };

  /** A log of 12 entries, of which the eighth says that those up to the fifth were disposed of. */
  const cutLog = async (sign: (entry: number, digest: string) => Promise<string>, entry = 5) => {
    const log = await made(12);
    const digest = log[entry - 1]?.digest ?? '';
    const said = { action: 'audit.cut', object: `Audit/${entry} ${digest}`, person: 0, sealed: await sign(entry, digest) };
    return again(log.map((e) => (e.entry === 8 ? { ...e, ...said } : e)));
  };

  it('is whole without its beginning where a cut and heads are signed, at each step of it', async () => {
    const us = await signer();
    const log = await cutLog(us.cut);
    for (const gone of [0, 2, 5]) {
      const over = [2, gone, 5, 8, 12].filter((n) => n > 0 && (n >= gone || n === 2));
      const heads = await Promise.all([...new Set(over)].map((n) => us.head(log[n - 1])));
      const check = new ChainCheck();
      for (const entry of log.slice(gone)) await check.entry(entry);
      expect(await check.end(heads, us.key, 'demo')).toMatchObject({ cut: gone, vouched: 12, faults: [] });
    }
  });

  it('is found out after any change, a forged cut, and heads that are missing', async () => {
    const [us, them] = [await signer(), await signer()];
    const log = await cutLog(us.cut);
    const rest = log.slice(5);
    const [five, eight, twelve] = [await us.head(log[4]), await us.head(log[7]), await us.head(log[11])];
    const good = [five, eight, twelve];
    expect(await faults(rest, good, us.key)).toEqual([]);
    const changes: ((e: EntryLine) => Partial<EntryLine>)[] = [
      (e) => ({ who: `${e.who}x` }), (e) => ({ action: `${e.action}x` }), (e) => ({ object: `${e.object}1` }), (e) => ({ at_ms: e.at_ms + 1 }), (e) => ({ person: e.person + 1 }), (e) => ({ sealed: `${e.sealed}01` }),
    ];
    for (let n = 0; n < rest.length; n += 1) {
      for (const change of changes) {
        const bent = rest.map((e, m) => (m === n ? { ...e, ...change(e) } : e));
        expect((await faults(bent, good, us.key)).length).toBeGreaterThan(0);
        const anew = await again(bent, five.digest);
        expect((await faults(anew, good, us.key)).length).toBeGreaterThan(0);
        expect(await faults(anew, [five], us.key)).toContain('beginning 1');
      }
      expect((await faults(rest.filter((_, m) => m !== n), good, us.key)).length).toBeGreaterThan(0);
    }
    expect(await faults(rest, [eight, twelve], us.key)).toEqual(['cut 8', 'beginning 1']);
    expect(await faults(rest, [five], us.key)).toEqual(['beginning 1']);
    expect(await faults(log.slice(6), [await us.head(log[5]), ...good], us.key)).toEqual(['beginning 1']);
    expect(await faults(log.slice(8), good, us.key)).toEqual(['beginning 1']);
    // Our own head of the next day stands over a cut that somebody else wrote.
    for (const [by, at] of [[them.cut, 5], [us.cut, 4], [us.cut, 6], [async () => five.signature, 5], [async () => '', 5]] as const) {
      const forged = await cutLog(by, at);
      const heads = [await us.head(forged[4]), await us.head(forged[11])];
      expect(await faults(forged.slice(5), heads, us.key)).toContain('beginning 1');
    }
    for (const wrong of ['Audit/5', 'Audit/05 00', 'Audit/5 0', 'Audit/5 AB', 'Hold/5 00']) expect(cutOf(wrong)).toBeNull();
  });

  it('names calls that can be opened', () => {
    expect(callOf('Call/c12')).toBe('c12');
    for (const object of ['Call/by-caller', 'Recording/c1', 'Call/c1/x']) expect(callOf(object)).toBeNull();
  });
});
