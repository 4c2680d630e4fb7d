// Alarms: bounds of a queue, and which of them are crossed now.

import type { QueueView } from '@/shared/api/types';

/** The bounds of a queue; null is no bound. */
export interface Bounds {
  /** More callers waiting than this. */
  waiting: number | null;
  /** The first in line waits longer than this, in seconds. */
  longest: number | null;
  /** The service level of today is below this share. */
  level: number | null;
}

export const NO_BOUNDS: Bounds = { waiting: null, longest: null, level: null };

export type AlarmKind = 'waiting' | 'longest' | 'level';

/** Which bounds are crossed, the most pressing first. */
export function crossed(bounds: Bounds, queue: Pick<QueueView, 'waiting' | 'waiting_since'>, level: number | null, now: number): AlarmKind[] {
  const found: AlarmKind[] = [];
  const since = queue.waiting_since ? now - Date.parse(queue.waiting_since) : 0;
  if (bounds.longest !== null && queue.waiting > 0 && since > bounds.longest * 1_000) found.push('longest');
  if (bounds.waiting !== null && queue.waiting > bounds.waiting) found.push('waiting');
  if (bounds.level !== null && level !== null && level < bounds.level) found.push('level');
  return found;
}

// What the server's alarms are called here.
const KINDS: Readonly<Record<string, AlarmKind>> = { waiting: 'waiting', 'longest-wait': 'longest', 'service-level': 'level' };

/** The alarms of a queue: of this browser's bounds, and of those that its configuration sets. */
export function together(own: readonly AlarmKind[], ofServer: readonly string[]): AlarmKind[] {
  const all = new Set(own);
  for (const what of ofServer) {
    const kind = KINDS[what];
    if (kind) all.add(kind);
  }
  return (['longest', 'waiting', 'level'] as const).filter((kind) => all.has(kind));
}

const KEY = 'switchroom.alarms';

/** What is typed: a number within bounds, or nothing. */
export function readBound(text: string, least: number, most: number): number | null {
  const value = Number(text.replace(',', '.').trim());
  return text.trim() && Number.isFinite(value) && value >= least && value <= most ? value : null;
}

export function storedBounds(): Record<string, Bounds> {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, Partial<Bounds>>;
    const number = (v: unknown) => (typeof v === 'number' && Number.isFinite(v) ? v : null);
    return Object.fromEntries(
      Object.entries(all).map(([queue, b]) => [
        queue,
        { waiting: number(b.waiting), longest: number(b.longest), level: number(b.level) },
      ]),
    );
  } catch {
    return {};
  }
}

export function storeBounds(all: Record<string, Bounds>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Then they last as long as the page.
  }
}
