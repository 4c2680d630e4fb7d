// What the state of a trunk means, and what to do about it.

import type { MessageKey } from '@/shared/i18n';
import type { FarEndStatus, TrunkStatus } from './api';

export type Health = 'healthy' | 'partly' | 'down' | 'incoming';

/** How a trunk stands as a whole. One without far ends only takes calls. */
export function healthOf(trunk: TrunkStatus): Health {
  const up = trunk.far_ends.filter((f) => f.up && !f.refuses).length;
  if (trunk.far_ends.length > 0 && up === 0) return 'down';
  if (trunk.registered === false) return up > 0 ? 'partly' : 'down';
  if (trunk.far_ends.length === 0) return trunk.registered ? 'healthy' : 'incoming';
  return up === trunk.far_ends.length ? 'healthy' : 'partly';
}

/** Teams asks each minute whether we are there; after so many seconds without it calls come over other gateways first. */
const LONGEST_UNASKED = 300;

export type Asked = 'asked' | 'silent' | 'unasked';

/** Whether Teams asks us; null for other neighbours. */
export function askedBy(trunk: Pick<TrunkStatus, 'teams' | 'asked_us_seconds_ago'>): Asked | null {
  if (!trunk.teams) return null;
  if (trunk.asked_us_seconds_ago == null) return 'unasked';
  return trunk.asked_us_seconds_ago > LONGEST_UNASKED ? 'silent' : 'asked';
}

/** What an answer of a far end means and what to do: a message, which takes the status code as `code`. */
export function meaningOf(end: Pick<FarEndStatus, 'up' | 'said' | 'unreached' | 'refuses'>): MessageKey {
  if (end.up && !end.refuses) return end.said == null ? 'system.do-unasked' : 'system.do-nothing';
  // The code is only ours then: nobody there could say anything.
  if (end.unreached && !end.up) return `system.do-${end.unreached}`;
  return meaningOfCode(end.said ?? null);
}

/** The same for an answer alone. */
export function meaningOfCode(code: number | null): MessageKey {
  switch (code) {
    case null:
      return 'system.do-unasked';
    case 408:
      return 'system.do-timeout';
    case 401:
    case 407:
      return 'system.do-auth';
    case 403:
    case 603:
      return 'system.do-forbidden';
    case 404:
    case 405:
    case 484:
      return 'system.do-not-found';
    case 480:
    case 486:
    case 503:
      return 'system.do-busy';
    default:
      return code >= 500 && code < 600 ? 'system.do-fault' : 'system.do-other';
  }
}
