// Checks the audit log in the browser, entry by entry, so that nobody has to believe the server's word for it: each entry
// carries the SHA-256 of itself and of the digest before it, and signed heads say where the log ended. The same is done
// offline by `switchroom audit verify`, with copies of the heads that were kept elsewhere.
//
// A rule may dispose of the beginning of a log. One that begins behind its first entry is whole only if a signed head stands
// over the entry before its first one, an entry `audit.cut` in it names that entry and digest with a signature of its own, and
// a signed head stands over that entry or one behind it. The same rule, with its reasons, is in `store/src/audit_chain.rs`.

import type { components } from '@/shared/api/schema';

type Schemas = components['schemas'];
export type EntryLine = Schemas['EntryLine'];
export type HeadLine = Schemas['HeadLine'];

export type FaultKind = 'changed' | 'missing' | 'order' | 'head-key' | 'head-digest' | 'end' | 'cut' | 'beginning';

/** Something wrong: at which entry, and what. */
export interface Fault {
  entry: number;
  kind: FaultKind;
}

export interface ChainReport {
  /** Entries that were read. */
  entries: number;
  /** Heads whose signature and digest are right. */
  heads: number;
  /** The newest entry that a head vouches for; 0 where none does. */
  vouched: number;
  /** The newest of the entries that are not there because a rule disposed of them; 0 where the log has its beginning. */
  cut: number;
  /** When that head was signed. */
  signed: string | null;
  /** Whether signatures could be checked here: not every browser can do Ed25519. */
  canVerify: boolean;
  faults: Fault[];
}

/** The action of an entry which says that a rule disposed of what stood before. */
const CUT = 'audit.cut';
/** The most faults that are told: a log with that many says no more by further ones. */
const MOST_FAULTS = 50;

const bytes = new TextEncoder();

function unhex(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length >> 1);
  for (let n = 0; n < out.length; n += 1) out[n] = Number.parseInt(text.slice(2 * n, 2 * n + 2), 16);
  return out;
}

const hex = (all: ArrayBuffer) => Array.from(new Uint8Array(all), (b) => b.toString(16).padStart(2, '0')).join('');

function number(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

/** Parts one after the other, each preceded by its length, so that nothing can be moved from one to the next. */
const measured = (parts: readonly Uint8Array<ArrayBuffer>[]) => parts.flatMap((part) => [number(part.length), part]);

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The digest that an entry must have after one with the digest `before`, in hex. */
export async function digestOf(before: string, entry: EntryLine): Promise<string> {
  const said = joined([
    bytes.encode('switchroom audit entry 1\0'),
    number(entry.entry),
    number(entry.at_ms),
    number(entry.person),
    ...measured([unhex(before), bytes.encode(entry.who), bytes.encode(entry.action), bytes.encode(entry.object), unhex(entry.sealed)]),
  ]);
  return hex(await crypto.subtle.digest('SHA-256', said));
}

/** The bytes of a head that are signed. */
export function signedBytes(head: HeadLine): Uint8Array<ArrayBuffer> {
  return joined([
    bytes.encode('switchroom audit head 1\0'),
    number(head.head),
    number(head.at_ms),
    ...measured([unhex(head.digest), bytes.encode(head.tenant)]),
  ]);
}

/** What an entry `audit.cut` says: up to where a rule disposed of the log, and the digest of that entry; null for another object. */
export function cutOf(object: string): { entry: number; digest: string } | null {
  const [, entry = '', digest = ''] = /^Audit\/([1-9]\d{0,14}) ((?:[0-9a-f]{2})*)$/.exec(object) ?? [];
  return entry === '' ? null : { entry: Number(entry), digest };
}

/** The bytes of a cut that are signed. */
export function cutBytes(cut: { entry: number; digest: string }, tenant: string): Uint8Array<ArrayBuffer> {
  return joined([bytes.encode('switchroom audit cut 1\0'), number(cut.entry), ...measured([unhex(cut.digest), bytes.encode(tenant)])]);
}

/** Whether these bytes were signed with a key; null where this browser cannot tell. */
async function isSigned(said: Uint8Array<ArrayBuffer>, signature: string, key: string): Promise<boolean | null> {
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey('raw', unhex(key), { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return null;
  }
  return crypto.subtle.verify('Ed25519', imported, unhex(signature), said);
}

/** A log without its beginning: its first entry goes on from a digest that a head has to say, which comes later. */
interface Behind {
  /** The entry before the first one. */
  entry: number;
  first: EntryLine;
}

/** Checks a log from its oldest entry on. */
export class ChainCheck {
  #last = 0;
  #digest = '';
  // What the log had at each entry that a head may speak of; heads come with the last stretch.
  readonly #digests: string[] = [''];
  readonly #cuts: EntryLine[] = [];
  #behind: Behind | null = null;
  readonly #report: ChainReport = { entries: 0, heads: 0, vouched: 0, cut: 0, signed: null, canVerify: true, faults: [] };

  /** The next entry. */
  async entry(line: EntryLine): Promise<void> {
    this.#report.entries += 1;
    if (this.#report.entries === 1 && line.entry > 1) this.#behind = { entry: line.entry - 1, first: line };
    else if (line.entry <= this.#last) this.#fault(line.entry, 'order');
    else if (line.entry > this.#last + 1) this.#fault(this.#last + 1, 'missing');
    else if (Date.parse(line.at) !== line.at_ms || (await digestOf(this.#digest, line)) !== line.digest) this.#fault(line.entry, 'changed');
    this.#last = Math.max(this.#last, line.entry);
    // What follows is judged by what stands here, so that one fault is one fault.
    this.#digest = line.digest;
    this.#digests[line.entry] = line.digest;
    if (line.action === CUT) this.#cuts.push(line);
  }

  get entries(): number {
    return this.#report.entries;
  }

  /** What was found, with the heads, the key that they must be signed with, and the tenant's name. */
  async end(heads: readonly HeadLine[], key: string, tenant: string): Promise<ChainReport> {
    const report = this.#report;
    const good: HeadLine[] = [];
    for (const head of [...heads].sort((a, b) => a.head - b.head || a.at_ms - b.at_ms)) {
      const signed = head.key === key ? await isSigned(signedBytes(head), head.signature, key) : false;
      if (signed === null) report.canVerify = false;
      else if (!signed) this.#fault(head.head, 'head-key');
      else good.push(head);
    }
    const behind = this.#behind;
    for (const head of good) {
      if (head.head > this.#last) this.#fault(this.#last, 'end');
      // Heads over what is gone say nothing of what is there, but that over the entry before the first one.
      else if (behind && head.head < behind.entry) continue;
      else if (behind?.entry === head.head) report.heads += 1;
      else if (this.#digests[head.head] !== head.digest) this.#fault(head.head, 'head-digest');
      else Object.assign(report, { heads: report.heads + 1, vouched: head.head, signed: head.at });
    }
    const first = behind ? await this.#beginning(behind, good) : 0;
    const reaches = await this.#reaches(behind?.entry ?? 0, { good, key, tenant });
    // Where signatures cannot be checked, whether the beginning may be missing cannot be said either.
    if (behind && report.canVerify) {
      if (first > 0 && reaches >= first) report.cut = first;
      else this.#fault(1, 'beginning');
    }
    return report;
  }

  /** The entry behind which the log begins, if a head says its digest; the first entry has to be chained to that. */
  async #beginning({ entry, first }: Behind, good: readonly HeadLine[]): Promise<number> {
    const digests = new Set(good.filter((h) => h.head === entry).map((h) => h.digest));
    const [digest] = digests;
    if (digest === undefined) return 0;
    if (digests.size > 1) this.#fault(entry, 'head-digest');
    if (Date.parse(first.at) !== first.at_ms || (await digestOf(digest, first)) !== first.digest) this.#fault(first.entry, 'changed');
    return entry;
  }

  /** Up to which entry a rule disposed of the log, by entries that are signed and that a head vouches for; 0 if none says so. */
  async #reaches(behind: number, { good, key, tenant }: { good: readonly HeadLine[]; key: string; tenant: string }): Promise<number> {
    let reaches = 0;
    for (const line of this.#cuts) {
      const cut = cutOf(line.object);
      const signed = cut !== null && cut.entry < line.entry ? await isSigned(cutBytes(cut, tenant), line.sealed, key) : false;
      if (signed === null) this.#report.canVerify = false;
      // One that speaks of less than is gone was followed by another.
      else if (!cut || !signed || (cut.entry >= behind && !good.some((h) => h.head === cut.entry && h.digest === cut.digest))) this.#fault(line.entry, 'cut');
      else if (line.entry <= this.#report.vouched) reaches = Math.max(reaches, cut.entry);
    }
    return reaches;
  }

  #fault(entry: number, kind: FaultKind): void {
    const { faults } = this.#report;
    if (faults.length < MOST_FAULTS && !faults.some((f) => f.entry === entry && f.kind === kind)) faults.push({ entry, kind });
  }
}
