// Checks the audit log in the browser, entry by entry, so that nobody has to believe the server's word for it: each entry
// carries the SHA-256 of itself and of the digest before it, and signed heads say where the log ended. The same is done
// offline by `switchroom audit verify`, with copies of the heads that were kept elsewhere.

import type { components } from '@/shared/api/schema';

type Schemas = components['schemas'];
export type EntryLine = Schemas['EntryLine'];
export type HeadLine = Schemas['HeadLine'];

export type FaultKind = 'changed' | 'missing' | 'order' | 'head-key' | 'head-digest' | 'end';

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
  /** When that head was signed. */
  signed: string | null;
  /** Whether signatures could be checked here: not every browser can do Ed25519. */
  canVerify: boolean;
  faults: Fault[];
}

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

/** Whether a head was signed with a key; null where this browser cannot tell. */
async function isSigned(head: HeadLine, key: string): Promise<boolean | null> {
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey('raw', unhex(key), { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return null;
  }
  return head.key === key && crypto.subtle.verify('Ed25519', imported, unhex(head.signature), signedBytes(head));
}

/** Checks a log from its oldest entry on. */
export class ChainCheck {
  #last = 0;
  #digest = '';
  // What the log had at each entry that a head may speak of; heads come with the last stretch.
  readonly #digests: string[] = [''];
  readonly #report: ChainReport = { entries: 0, heads: 0, vouched: 0, signed: null, canVerify: true, faults: [] };

  /** The next entry. */
  async entry(line: EntryLine): Promise<void> {
    this.#report.entries += 1;
    if (line.entry <= this.#last) this.#fault(line.entry, 'order');
    else if (line.entry > this.#last + 1) this.#fault(this.#last + 1, 'missing');
    else if (Date.parse(line.at) !== line.at_ms || (await digestOf(this.#digest, line)) !== line.digest) this.#fault(line.entry, 'changed');
    this.#last = Math.max(this.#last, line.entry);
    // What follows is judged by what stands here, so that one fault is one fault.
    this.#digest = line.digest;
    this.#digests[line.entry] = line.digest;
  }

  get entries(): number {
    return this.#report.entries;
  }

  /** What was found, with the heads and the key that they must be signed with. */
  async end(heads: readonly HeadLine[], key: string): Promise<ChainReport> {
    const report = this.#report;
    for (const head of [...heads].sort((a, b) => a.head - b.head || a.at_ms - b.at_ms)) {
      const signed = await isSigned(head, key);
      if (signed === null) report.canVerify = false;
      else if (!signed) this.#fault(head.head, 'head-key');
      else if (head.head > this.#last) this.#fault(this.#last, 'end');
      else if (this.#digests[head.head] !== head.digest) this.#fault(head.head, 'head-digest');
      else Object.assign(report, { heads: report.heads + 1, vouched: head.head, signed: head.at });
    }
    return report;
  }

  #fault(entry: number, kind: FaultKind): void {
    const { faults } = this.#report;
    if (faults.length < MOST_FAULTS && !faults.some((f) => f.entry === entry && f.kind === kind)) faults.push({ entry, kind });
  }
}
