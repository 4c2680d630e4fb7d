// Telephone numbers as people write them. A number is E.164 (`+` and digits), or something else that is left as it is: an
// extension, a SIP address.

import { clean } from './text';

// How the national part is grouped after the calling code. Countries whose area codes differ in length are left out: for
// them groups of three and four are easier to read than a guess.
const GROUPS: Readonly<Record<string, readonly number[]>> = {
  '1': [3, 3, 4],
  '7': [3, 3, 2, 2],
  '30': [3, 3, 4],
  '31': [2, 3, 4],
  '32': [3, 2, 2, 2],
  '33': [1, 2, 2, 2, 2],
  '34': [3, 3, 3],
  '39': [3, 3, 4],
  '41': [2, 3, 2, 2],
  '44': [4, 6],
  '45': [2, 2, 2, 2],
  '46': [2, 3, 2, 2],
  '47': [3, 2, 3],
  '48': [3, 3, 3],
  '61': [3, 3, 3],
  '81': [2, 4, 4],
  '86': [3, 4, 4],
  '351': [3, 3, 3],
  '352': [3, 3, 3],
  '353': [2, 3, 4],
  '358': [2, 3, 4],
  '420': [3, 3, 3],
};

// Calling codes of one and two digits; all others have three (ITU-T E.164 Annex).
const SHORT = new Set(
  '1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(' '),
);

// The country of a locale and its calling code, for those who write national numbers without it.
const NATIONAL: Readonly<Record<string, { readonly code: string; readonly prefix: string }>> = {
  US: { code: '1', prefix: '' },
  CA: { code: '1', prefix: '' },
  GB: { code: '44', prefix: '0' },
  FR: { code: '33', prefix: '0' },
  ES: { code: '34', prefix: '' },
  CH: { code: '41', prefix: '0' },
};

function codeOf(digits: string): string {
  for (const size of [1, 2]) {
    const code = digits.slice(0, size);
    if (SHORT.has(code)) return code;
  }
  return digits.slice(0, 3);
}

function grouped(code: string, national: string): string[] {
  const groups = GROUPS[code];
  if (groups && groups.reduce((a, b) => a + b) === national.length) {
    let at = 0;
    return groups.map((size) => national.slice(at, (at += size)));
  }
  // Threes, and a four at the end in place of a lonely digit.
  const out: string[] = [];
  let rest = national;
  while (rest.length > 4) {
    out.push(rest.slice(0, 3));
    rest = rest.slice(3);
  }
  return rest ? [...out, rest] : out;
}

/** A number for reading, with the user's locale as `fr-FR`: national without the calling code. */
export function phone(text: string, locale: string): string {
  const shown = clean(text).replace(/^tel:/i, '');
  if (!/^\+\d{6,15}$/.test(shown)) return shown.replace(/^sips?:/i, '');
  const digits = shown.slice(1);
  const code = codeOf(digits);
  const groups = grouped(code, digits.slice(code.length));
  const home = NATIONAL[locale.split('-')[1]?.toUpperCase() ?? ''];
  if (home?.code !== code) return `+${code} ${groups.join(' ')}`;
  if (code === '1' && groups.length === 3) return `(${groups[0]}) ${groups[1]}-${groups[2]}`;
  return `${home.prefix}${groups.join(' ')}`;
}

/** What somebody typed, as it can be dialled: letters of a keypad are left, spaces and marks go. */
export function dialable(text: string): string {
  const kept = clean(text).replace(/[\s().\-/\u00a0\u202f]/g, '');
  return kept.replace(/^00/, '+');
}
