// What Microsoft Teams says of a person. Its words are Microsoft's, and new ones can come.

import type { I18n } from '@/shared/i18n';

export interface Presence {
  /** `Available`, `Busy`, `DoNotDisturb`, `Away`, `Offline` and others. */
  availability: string;
  /** `InACall`, `InAMeeting`, `Presenting` and others. */
  activity: string;
  /** How long ago it was read, in seconds. */
  age_s: number;
}

/** `InACall` as `in-a-call`. */
const kebab = (word: string) => word.replace(/\B[A-Z]/g, '-$&').toLowerCase();

// What somebody does says more than how free they are, where it is one of these.
const TELLING = new Set(['in-a-call', 'in-a-meeting', 'presenting', 'out-of-office']);
const SAME: Readonly<Record<string, string>> = {
  'available-idle': 'available',
  'busy-idle': 'busy',
  'in-a-conference-call': 'in-a-call',
  'presence-unknown': 'unknown',
};

const plain = (word: string) => SAME[kebab(word)] ?? kebab(word);

/** A presence in words. */
export function presenceText({ availability, activity }: Presence, i18n: I18n): string {
  const does = plain(activity);
  const word = TELLING.has(does) ? does : plain(availability);
  return i18n.word('words', `presence-${word}`) ?? availability;
}

/** How old it is, in words; null while it is fresh. */
export function presenceAge({ age_s }: Presence, i18n: I18n): string | null {
  return age_s < STALE_S ? null : (i18n.word('words', 'presence-age', { time: i18n.length(age_s * 1_000) }) ?? null);
}

/** Younger than this nobody needs to know how old a presence is, in seconds. */
const STALE_S = 90;

export type PresenceKind = 'free' | 'busy' | 'closed' | 'away' | 'gone';

/** How a presence is drawn. */
export function presenceKind({ availability }: Presence): PresenceKind {
  switch (plain(availability)) {
    case 'available':
      return 'free';
    case 'busy':
      return 'busy';
    case 'do-not-disturb':
      return 'closed';
    case 'away':
    case 'be-right-back':
      return 'away';
    default:
      return 'gone';
  }
}

/** Whether somebody is not rung because of it: in a Teams call, or not to be disturbed. */
export function keepsCallsAway(presence: Presence): boolean {
  return plain(presence.activity) === 'in-a-call' || plain(presence.activity) === 'presenting' || presenceKind(presence) === 'closed';
}
