import { describe, expect, it } from 'vitest';
import type { AgentRow, QueueRow } from '@/shared/api/types';
import { edges, formula, parts, points, spanOf, total } from './series';

const row = (start: string, more: Partial<QueueRow>): QueueRow =>
  ({
    start,
    queue: 'sales',
    offered: 0,
    answered: 0,
    answered_within: 0,
    abandoned: 0,
    abandoned_within: 0,
    short_abandoned: 0,
    asa_ms: null,
    max_wait_ms: 0,
    handled: 0,
    talk_ms: 0,
    hold_ms: 0,
    wrap_ms: 0,
    ...more,
  }) as QueueRow;
const at = (minutes: number) => new Date(Date.UTC(2026, 10, 20, 10, minutes)).toISOString();
const quarter = { from: at(0), to: at(60), by: 'interval', zone: '+00:00' } as const;

describe('the time of a report', () => {
  it('is whole days up to now', () => {
    const now = new Date(2026, 10, 20, 15, 7, 31).getTime();
    expect(new Date(spanOf('today', now).from)).toEqual(new Date(2026, 10, 20));
    expect(new Date(spanOf('week', now).from)).toEqual(new Date(2026, 10, 14));
    expect(new Date(spanOf('month', now).from)).toEqual(new Date(2026, 9, 24));
    expect(spanOf('today', now)).toEqual(spanOf('today', now + 20_000));
    expect(spanOf('today', now).by).toBe('interval');
  });
});

describe('the edges of the chart', () => {
  it('hold all of the last piece', () => {
    expect(edges({ ...quarter, to: at(50) })).toEqual({ from: Date.parse(at(0)) / 1_000, to: Date.parse(at(60)) / 1_000 });
    expect(edges({ ...quarter, to: at(0) }).to).toBe(Date.parse(at(15)) / 1_000);
  });
});

describe('points of the chart', () => {
  it('are sums over queues, with zeros where nothing came', () => {
    const found = points(
      [
        row(at(0), { answered: 8, answered_within: 8, abandoned: 2, asa_ms: 4_000 }),
        row(at(0), { queue: 'service', answered: 2, answered_within: 0, asa_ms: 14_000 }),
        row(at(30), { answered: 1, answered_within: 1, asa_ms: 1_000 }),
      ],
      quarter,
    );
    expect(found.start).toHaveLength(3);
    expect(found.answered).toEqual([10, 0, 1]);
    expect(found.level).toEqual([8 / 12, null, 1]);
    expect(found.wait).toEqual([6_000, null, 1_000]);
  });

  it('are none without rows', () => expect(points([], quarter).start).toEqual([]));
});

describe('the sum of rows', () => {
  it('follows the formulas', () => {
    const found = total([
      row(at(0), { offered: 100, answered: 80, answered_within: 60, abandoned: 15, short_abandoned: 4, abandoned_within: 5, asa_ms: 10_000, max_wait_ms: 90_000, handled: 80, talk_ms: 800_000, hold_ms: 80_000, wrap_ms: 160_000 }),
    ]);
    expect(found.level).toBeCloseTo(0.6667, 4);
    expect(found.abandonRate).toBeCloseTo(0.1146, 4);
    expect([found.asa, found.aht, found.longest]).toEqual([10_000, 13_000, 90_000]);
  });

  it('says nothing of nothing', () => {
    expect(total([])).toMatchObject({ level: null, abandonRate: null, asa: null, aht: null, offered: 0 });
  });
});

describe('the rest', () => {
  it('cuts an agent’s time', () => {
    const agent = { available_ms: 5, offered_ms: 0, talking_ms: 3, wrap_up_ms: 0, break_ms: 2, suspended_ms: 0 } as AgentRow;
    expect(parts(agent).map((p) => p.state)).toEqual(['available', 'talking', 'break']);
  });

  it('shows formulas without their names', () => {
    expect(formula('SL1: a / (b + c)')).toBe('a / (b + c)');
    expect(formula('offered = answered')).toBe('offered = answered');
    expect(formula(undefined)).toBe('');
  });
});
