// What an answer rests on, in plain words.

import type { I18n, MessageKey } from '@/shared/i18n';
import type { Answer, Evidence } from './paper';

/** Checks that have words of ours: what each looks at. */
export const CHECKS = [
  'stored-fields', 'canary', 'rights', 'tls', 'certificates', 'api-refusals', 'entrances', 'permissions', 'challenges', 'destinations', 'retention',
  'closing', 'keys', 'backups', 'regions', 'audit-log', 'event-log', 'alerts', 'accounts', 'components', 'advisories', 'credentials',
] as const;

/** What a check does, in words; its name where we have none. */
export function checkText(name: string, { t }: I18n): string {
  const known = CHECKS.find((c) => c === name);
  return known ? t(`proof.check-${known}`) : name;
}

const PAGES: Readonly<Record<string, MessageKey>> = {
  General: 'proof.page-general',
  'Data handling': 'proof.page-data',
  Security: 'proof.page-security',
  'Compliance frameworks': 'proof.page-frameworks',
  Privacy: 'proof.page-privacy',
  'Identity and Graph': 'proof.page-identity',
  'Further questions': 'proof.page-further',
};

/** The name of one of Microsoft's pages. */
export function pageText(page: string, { t }: I18n): string {
  const key = PAGES[page];
  return key ? t(key) : page;
}

/** What a check came to. */
export function resultOf(evidence: Evidence): 'good' | 'bad' | 'unknown' | 'not-run' {
  switch (evidence.result) {
    case 'as it should be':
      return 'good';
    case 'not as it should be':
      return 'bad';
    case 'not run':
      return 'not-run';
    default:
      return 'unknown';
  }
}

/** Why an answer is what it is, as a sentence. */
export function meaningOf(answer: Answer): MessageKey {
  const seen = answer.evidence.filter((e) => e.at !== null);
  if (answer.by === 'software') return 'proof.means-software';
  if (answer.by === 'declared') return seen.length > 0 ? 'proof.means-declared-beside' : 'proof.means-declared';
  if (answer.evidence.length === 0) return 'proof.means-open';
  return seen.length > 0 ? 'proof.means-open-beside' : 'proof.means-open-unchecked';
}

/** When the newest check of an answer ran; null if none did. */
export function provenAt(answer: Answer): string | null {
  const times = answer.evidence.flatMap((e) => (e.at === null ? [] : [e.at]));
  // RFC 3339 in UTC: the order of the texts is that of the times.
  return times.sort().at(-1) ?? null;
}

const WORDS: Readonly<Record<string, MessageKey>> = { yes: 'proof.yes', no: 'proof.no', na: 'proof.not-applicable' };

/** One value of an answer, in words. */
export function wordOf(value: unknown, { t }: I18n): string {
  if (typeof value === 'string') {
    const key = Object.hasOwn(WORDS, value) ? WORDS[value] : undefined;
    return key ? t(key) : value;
  }
  return value == null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** An answer as lines: one for each thing that it names. */
export function linesOf(value: unknown, i18n: I18n): string[] {
  if (Array.isArray(value)) return value.length > 0 ? value.map((v) => wordOf(v, i18n)) : [i18n.t('proof.nothing')];
  if (value !== null && typeof value === 'object') return Object.entries(value).map(([name, v]) => `${name}: ${wordOf(v, i18n)}`);
  return [wordOf(value, i18n)];
}
