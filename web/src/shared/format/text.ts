// Text that came from outside: names, notes, numbers. React shows it as text, never as HTML; what is left to take away are
// characters that nobody sees and that could mislead.

// C0 and C1 controls but for tab and line feed; marks that turn the direction of text; invisible operators and tags.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The most characters of a name or number that a page shows. */
const LONGEST = 200;

/** The text without control characters and marks of direction, and not longer than a line can be. */
export function clean(text: string, longest = LONGEST): string {
  const seen = text.replace(UNSEEN, '');
  return seen.length > longest ? `${[...seen].slice(0, longest).join('')}…` : seen;
}

/** The first letters of a name, for its round picture. */
export function initials(name: string): string {
  const words = clean(name)
    .split(/[\s._-]+/)
    .filter((w) => /^[\p{L}\p{N}]/u.test(w));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((w) => [...(w ?? '')][0] ?? '').join('').toLocaleUpperCase();
}

/** A text as it is searched: without accents, without the difference of small and large letters. */
export const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
