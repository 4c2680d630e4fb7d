// A call as lanes: one for each leg, cut into what it did when. Made of the legs and the timeline.

import type { CallDetail, LegView, MomentView } from '@/shared/api/types';

export type Kind = 'menu' | 'waiting' | 'ringing' | 'talking' | 'hold' | 'listening';

export interface Piece {
  kind: Kind;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
}

export interface Lane {
  leg: LegView;
  pieces: Piece[];
  /** Moments of this leg alone. */
  moments: Mark[];
}

export interface Mark {
  at: number;
  moment: MomentView;
}

export interface Drawing {
  from: number;
  to: number;
  lanes: Lane[];
}

// Moments as the API gives them: what they are about stands beside `what`.
type About = MomentView & Record<string, unknown>;

const legOf = (m: MomentView): string | null => {
  const leg = (m as About).leg;
  return typeof leg === 'string' ? leg : null;
};

/** What the caller does from a moment on; null if it does not change that. */
function callerNow(what: string): Kind | null {
  switch (what) {
    case 'answered':
    case 'flow-entered':
    case 'overflowed':
    case 'waited-longest':
    case 'queue-full':
      return 'menu';
    case 'queued':
    case 'moved':
    case 'returned-to':
      return 'waiting';
    case 'connected':
    case 'taken-over':
      return 'talking';
    default:
      return null;
  }
}

function cut(leg: LegView, timeline: readonly MomentView[], end: number): Piece[] {
  const began = Date.parse(leg.began);
  const until = leg.ended ? Date.parse(leg.ended) : end;
  const answered = leg.answered ? Date.parse(leg.answered) : null;
  const up: Kind = leg.role === 'supervisor' ? 'listening' : 'talking';
  // What it does, and from when.
  const turns: { kind: Kind; from: number }[] = [{ kind: 'ringing', from: began }];
  if (leg.role === 'caller') {
    let before: Kind = 'menu';
    for (const m of timeline) {
      const at = Date.parse(m.at);
      const next = callerNow(m.what);
      if (next && !(m.what === 'flow-entered' && answered !== null && at < answered)) {
        before = next;
        turns.push({ kind: next, from: at });
      } else if (m.what === 'held' && (legOf(m) === leg.id || before === 'talking')) turns.push({ kind: 'hold', from: at });
      else if (m.what === 'resumed') turns.push({ kind: before, from: at });
      else if (m.what === 'consult-began') turns.push({ kind: 'hold', from: at });
      else if (m.what === 'consult-ended') turns.push({ kind: before, from: at });
    }
  } else if (answered !== null) {
    turns.push({ kind: up, from: answered });
    for (const m of timeline) {
      if (legOf(m) !== leg.id) continue;
      if (m.what === 'held') turns.push({ kind: 'hold', from: Date.parse(m.at) });
      else if (m.what === 'resumed') turns.push({ kind: up, from: Date.parse(m.at) });
    }
  }
  const pieces: Piece[] = [];
  turns.forEach((turn, n) => {
    const from = Math.min(Math.max(turn.from, began), until);
    const to = Math.min(turns[n + 1]?.from ?? until, until);
    const last = pieces[pieces.length - 1];
    if (to <= from) return;
    if (last && last.kind === turn.kind && last.to === from) last.to = to;
    else pieces.push({ kind: turn.kind, from, to });
  });
  return pieces;
}

/** The drawing of a call; an open one goes on until now. */
export function draw(call: CallDetail, now: number): Drawing {
  const from = Date.parse(call.began);
  const ends = [...call.legs.map((l) => (l.ended ? Date.parse(l.ended) : now)), call.ended ? Date.parse(call.ended) : now];
  // A call that was over at once still has a width.
  const to = Math.max(...ends, from + 1_000);
  const own = new Set(call.legs.map((l) => l.id));
  const caller = call.legs.find((l) => l.role === 'caller')?.id ?? call.legs[0]?.id;
  const lanes = call.legs.map((leg) => ({
    leg,
    pieces: cut(leg, call.timeline, to),
    moments: call.timeline
      .filter((m) => {
        const about = legOf(m);
        return about !== null && own.has(about) ? about === leg.id : leg.id === caller;
      })
      .map((moment) => ({ at: Date.parse(moment.at), moment })),
  }));
  return { from, to, lanes };
}

/** Places for marks of time: not more than so many, at round distances. */
export function ticks(length: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200].map((s) => s * 1_000);
  const step = steps.find((s) => length / s <= most) ?? 14_400_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, n) => n * step);
}
