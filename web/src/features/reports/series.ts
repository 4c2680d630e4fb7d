// Rows of reports put together: for the chart by time, for the table over a choice of queues.

import type { AgentRow, QueueRow } from '@/shared/api/types';
import { midnight, offset } from '@/shared/format/time';

export type Range = 'today' | 'week' | 'month';
export const RANGES: readonly Range[] = ['today', 'week', 'month'];

const DAYS: Record<Range, number> = { today: 1, week: 7, month: 28 };

export interface Span {
  from: string;
  to: string;
  /** What one point of the chart covers. */
  by: 'interval' | 'day';
  zone: string;
}

/** The time that a choice means, ending with this moment: whole days of the place where one is. */
export function spanOf(range: Range, now: number): Span {
  const from = midnight(now);
  // By the calendar and not by hours: a day may have 23 or 25 of them.
  from.setDate(from.getDate() - (DAYS[range] - 1));
  return {
    from: from.toISOString(),
    // To the minute, so that asking again within it is the same question.
    to: new Date(Math.ceil(now / 60_000) * 60_000).toISOString(),
    by: range === 'today' ? 'interval' : 'day',
    zone: offset(new Date(now)),
  };
}

export interface Points {
  /** Seconds since 1970, as charts want them. */
  start: number[];
  answered: number[];
  abandoned: number[];
  /** Null where there is none. */
  level: (number | null)[];
  wait: (number | null)[];
}

interface Sum {
  answered: number;
  abandoned: number;
  good: number;
  all: number;
  waited: number;
}

function add(sum: Sum, row: QueueRow): void {
  sum.answered += row.answered;
  sum.abandoned += row.abandoned;
  sum.good += row.answered_within;
  sum.all += row.answered + row.abandoned - Math.min(row.abandoned_within, row.abandoned);
  sum.waited += (row.asa_ms ?? 0) * row.answered;
}

const none = (): Sum => ({ answered: 0, abandoned: 0, good: 0, all: 0, waited: 0 });

/** Where the chart begins and ends, in seconds since 1970: at the beginning, and at the end of the last whole piece. */
export function edges(span: Span): { from: number; to: number } {
  const from = Date.parse(span.from) / 1_000;
  const width = span.by === 'interval' ? 900 : 86_400;
  const pieces = Math.max(1, Math.ceil((Date.parse(span.to) / 1_000 - from) / width));
  return { from, to: from + pieces * width };
}

/** The points of the chart: sums over the queues of each interval, with gaps where nothing came. */
export function points(rows: readonly QueueRow[], span: Span): Points {
  const sums = new Map<number, Sum>();
  for (const row of rows) {
    const at = Date.parse(row.start);
    let sum = sums.get(at);
    if (!sum) sums.set(at, (sum = none()));
    add(sum, row);
  }
  const out: Points = { start: [], answered: [], abandoned: [], level: [], wait: [] };
  const put = (at: number, sum: Sum) => {
    out.start.push(at / 1_000);
    out.answered.push(sum.answered);
    out.abandoned.push(sum.abandoned);
    out.level.push(sum.all > 0 ? sum.good / sum.all : null);
    out.wait.push(sum.answered > 0 ? sum.waited / sum.answered : null);
  };
  const width = span.by === 'interval' ? 900_000 : 86_400_000;
  const known = [...sums.keys()].sort((a, b) => a - b);
  // Times without a call have no row: they stand as zeros between the first and the last.
  let next = known[0] ?? 0;
  for (const at of known) {
    for (; next < at; next += width) put(next, none());
    put(at, sums.get(at) ?? none());
    next = at + width;
  }
  return out;
}

export interface Total {
  offered: number;
  answered: number;
  abandoned: number;
  level: number | null;
  abandonRate: number | null;
  /** Milliseconds. */
  asa: number | null;
  longest: number;
  aht: number | null;
}

/** The sum over rows, by the formulas that the report names. */
export function total(rows: readonly QueueRow[]): Total {
  const sum = none();
  let [offered, short, longest, handled, work] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    add(sum, row);
    offered += row.offered;
    short += row.short_abandoned;
    longest = Math.max(longest, row.max_wait_ms);
    handled += row.handled;
    work += row.talk_ms + row.hold_ms + row.wrap_ms;
  }
  return {
    offered,
    answered: sum.answered,
    abandoned: sum.abandoned,
    level: sum.all > 0 ? sum.good / sum.all : null,
    abandonRate: offered > short ? Math.max(0, sum.abandoned - short) / (offered - short) : null,
    asa: sum.answered > 0 ? sum.waited / sum.answered : null,
    longest,
    aht: handled > 0 ? work / handled : null,
  };
}

/** The parts of an agent's time, for a bar. */
export function parts(row: AgentRow): { state: string; ms: number }[] {
  return [
    { state: 'available', ms: row.available_ms },
    { state: 'offered', ms: row.offered_ms },
    { state: 'talking', ms: row.talking_ms },
    { state: 'wrap-up', ms: row.wrap_up_ms },
    { state: 'break', ms: row.break_ms },
    { state: 'suspended', ms: row.suspended_ms },
  ].filter((p) => p.ms > 0);
}

/** A formula without the name before it: `SL1: a / b` is `a / b`. */
export function formula(text: string | undefined): string {
  return text?.replace(/^[A-Z]+\d*:\s*/, '') ?? '';
}
