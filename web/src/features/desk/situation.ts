// How a call stands right now, read from its timeline: the API says what happened, the desk needs what is.

import type { CallDetail, DecisionView, LegView, MomentView } from '@/shared/api/types';

type About = MomentView & Record<string, unknown>;

export interface Consultation {
  /** Where was asked, as the API says it. */
  to: unknown;
}

export interface Situation {
  recording: 'none' | 'on' | 'paused';
  /** Id of the secure entry that goes on. */
  secure: string | null;
  /** What became of the last secure entry, while nothing else has happened to it. */
  secured: boolean | null;
  consultation: Consultation | null;
  /** Whether this agent holds. */
  held: boolean;
  /** Legs that are up or ring, this agent's own left out. */
  others: LegView[];
  /** Why this agent is rung. */
  why: DecisionView | null;
}

const OPEN = new Set(['arrived', 'answering', 'dialling', 'ringing', 'up']);

export function situation(call: CallDetail, me: string | null): Situation {
  const own = call.legs.filter((l) => l.agent === me && OPEN.has(l.state));
  const mine = new Set(own.map((l) => l.id));
  const now: Situation = {
    recording: 'none',
    secure: null,
    secured: null,
    consultation: null,
    held: false,
    others: call.legs.filter((l) => OPEN.has(l.state) && !mine.has(l.id)),
    why: null,
  };
  for (const moment of call.timeline) {
    const about = moment as About;
    switch (moment.what) {
      case 'recording-started':
      case 'recording-resumed':
        now.recording = 'on';
        break;
      case 'recording-paused':
        now.recording = 'paused';
        break;
      case 'recording-stopped':
      case 'recording-not-allowed':
        now.recording = 'none';
        break;
      case 'secure-began':
        now.secure = String(about.secure_entry ?? '');
        now.secured = null;
        break;
      case 'secure-ended':
        now.secure = null;
        now.secured = (about as Record<string, unknown>).ok === true;
        break;
      case 'consult-began':
        if (about.by === me) now.consultation = { to: about.to };
        break;
      case 'consult-ended':
        if (about.by === me) now.consultation = null;
        break;
      case 'held':
        if (typeof about.leg === 'string' && mine.has(about.leg)) now.held = true;
        break;
      case 'resumed':
        if (typeof about.leg === 'string' && mine.has(about.leg)) now.held = false;
        break;
    }
  }
  now.why = [...call.explanation].reverse().find((d) => d.agent === me) ?? null;
  return now;
}

/** A time as the configuration writes it, `20s`, in milliseconds. */
export function span(text: string | undefined): number | null {
  const found = /^(\d+)(ms|s|m|h)$/.exec(text ?? '');
  if (!found) return null;
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[found[2] as 'ms' | 's' | 'm' | 'h'];
  return Number(found[1]) * unit;
}

/** Whether what was typed can be dialled. */
export function isDialable(text: string): boolean {
  return /^\+?[0-9*#]{2,20}$/.test(text);
}
