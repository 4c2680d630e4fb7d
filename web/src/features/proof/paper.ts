// An attestation as the server gives it, and as a file.

/** What a check came to. */
export interface Evidence {
  check: string;
  /** What it looked at. */
  against: string;
  /** When it ran; null if it did not. */
  at: string | null;
  result: string;
  /** What was seen, in English sentences. */
  found: string[];
  version: string;
  digest: string;
}

export interface Answer {
  id: string;
  /** The page of Microsoft's on which it is asked. */
  page: string;
  question: string;
  answer: unknown;
  by: 'software' | 'declared' | 'open';
  evidence: Evidence[];
  /** Where the operator says otherwise than the checks. */
  disagreement?: string;
}

export interface Attestation {
  tenant: string;
  profile: string;
  version: string;
  at: string;
  answers: Answer[];
  checks: Evidence[];
  signature: { algorithm: string; key: string; value: string };
}

/**
 * The text of the server, laid out as `switchroom attest` writes it: two blanks a level. Only that form verifies, so the
 * values stay as they came, letter by letter.
 */
export function laidOut(json: string): string {
  let out = '';
  let level = 0;
  let quoted = false;
  const line = () => `\n${'  '.repeat(level)}`;
  for (let n = 0; n < json.length; n += 1) {
    const c = json.charAt(n);
    if (quoted) {
      out += c;
      if (c === '\\') out += json.charAt((n += 1));
      else if (c === '"') quoted = false;
      continue;
    }
    if (/\s/.test(c)) continue;
    if (c === '"') {
      quoted = true;
      out += c;
    } else if (c === '{' || c === '[') {
      const end = /^\s*[}\]]/.exec(json.slice(n + 1, n + 1_000));
      if (end) {
        out += c + end[0].trim();
        n += end[0].length;
      } else {
        level += 1;
        out += c + line();
      }
    } else if (c === '}' || c === ']') {
      level -= 1;
      out += line() + c;
    } else if (c === ',') out += c + line();
    else if (c === ':') out += ': ';
    else out += c;
  }
  return `${out}\n`;
}

/** The largest file that is read, in bytes: one has some hundred thousand. */
export const LARGEST = 5_000_000;

/** An attestation of a file; null for what is none. */
export function readAttestation(text: string): Attestation | null {
  try {
    const read = JSON.parse(text) as Partial<Attestation> | null;
    const whole = typeof read?.tenant === 'string' && typeof read.at === 'string' && Array.isArray(read.answers);
    return whole && read.answers?.every((a) => typeof a?.id === 'string') ? (read as Attestation) : null;
  } catch {
    return null;
  }
}

/** Whether something is not as it should be: a check says so, or the operator's word and the checks differ. */
export function isWrong(answer: Answer): boolean {
  return answer.disagreement !== undefined || answer.evidence.some((e) => e.result === 'not as it should be');
}

const same = (a: Answer, b: Answer) => a.by === b.by && JSON.stringify(a.answer) === JSON.stringify(b.answer);

/** The answers of an earlier attestation that are others now, by id; null for a question that was not asked then. */
export function changesSince(earlier: Attestation, now: Attestation): ReadonlyMap<string, Answer | null> {
  const before = new Map(earlier.answers.map((a) => [a.id, a]));
  const changed = now.answers.filter((a) => {
    const old = before.get(a.id);
    return !old || !same(old, a);
  });
  return new Map(changed.map((a) => [a.id, before.get(a.id) ?? null]));
}

/** How many answers come from where, and how many are not as they should be. */
export function countAnswers(answers: readonly Answer[]): { software: number; declared: number; open: number; wrong: number } {
  const of = (by: Answer['by']) => answers.filter((a) => a.by === by).length;
  return { software: of('software'), declared: of('declared'), open: of('open'), wrong: answers.filter(isWrong).length };
}

/** The answers of each of Microsoft's pages, in their order. */
export function byPage(answers: readonly Answer[]): [string, Answer[]][] {
  const pages = new Map<string, Answer[]>();
  for (const answer of answers) pages.set(answer.page, [...(pages.get(answer.page) ?? []), answer]);
  return [...pages];
}
