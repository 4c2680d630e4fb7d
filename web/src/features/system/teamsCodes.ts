// What answers of Microsoft Teams to calls mean, in words: the SIP code, and beside it Microsoft's own sub-code.

import type { MessageKey } from '@/shared/i18n';

const SUB_CODES = [
  '540400', '510532', '510534', '510560', '510562', '510559', '10199', '10500', '10553', '511404', '10202', '500001', '1106', '510412', '540415', '10037',
  '10140', '10191', '531000', '531027', '510482', '510544', '569002', '569003', '569008', '569009', '10201', '10003',
] as const;

/** Sub-codes that mean what another one means. */
const SAME: Readonly<Record<string, (typeof SUB_CODES)[number]>> = { '510563': '510562', '549002': '569009' };

const CODES = ['403', '408', '480', '486', '487', '488', '500', '503', '504', '603'] as const;

/** Codes that, alone, mean what a sub-code means. */
const AS_SUB_CODES: Readonly<Record<number, (typeof SUB_CODES)[number]>> = {
  400: '540400', 404: '511404', 410: '510412', 412: '510412', 415: '540415', 484: '510412',
};

const SAME_CODES: Readonly<Record<string, (typeof CODES)[number]>> = { '401': '403', '402': '403', '600': '486', '606': '488' };

/** The message for a pair of codes; null where we have no words of our own. */
export function teamsMeaning(code: number, subCode: number | null | undefined): MessageKey | null {
  const sub = String(subCode ?? '');
  const known = SAME[sub] ?? SUB_CODES.find((s) => s === sub);
  if (known) return `system.teams-${known}`;
  // Six digits that begin so are made of a code of ours.
  if (/^560[3-6]\d\d$/.test(sub)) return 'system.teams-ours';
  // Whoever says a sub-code answered: only a 408 without any is one that nobody sent.
  if (code === 408 && sub !== '') return 'system.teams-408-0';
  const asSub = AS_SUB_CODES[code];
  if (asSub) return `system.teams-${asSub}`;
  const alone = SAME_CODES[code] ?? CODES.find((c) => c === String(code));
  return alone ? `system.teams-${alone}` : null;
}
