import { describe, expect, it } from 'vitest';
import type { CallDetail, LegView, MomentView } from '@/shared/api/types';
import { queryOf } from './api';
import { meant } from './find';
import { draw, ticks } from './lanes';

const at = (s: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, s)).toISOString();
const moment = (s: number, what: string, more: object = {}) => ({ at: at(s), what, say: what, ...more }) as MomentView;
const leg = (id: string, role: string, began: number, answered: number | null, ended: number | null): LegView => ({
  id,
  role,
  state: 'up',
  began: at(began),
  answered: answered === null ? null : at(answered),
  ended: ended === null ? null : at(ended),
});
const call = (legs: LegView[], timeline: MomentView[], ended: number | null): CallDetail => ({
  id: 'c1',
  state: ended === null ? 'talking' : 'ended',
  began: at(0),
  ended: ended === null ? null : at(ended),
  recordings: [],
  dispositions: [],
  explanation: [],
  legs,
  timeline,
});
const pieces = (detail: CallDetail, n: number, now = 0) => {
  const drawing = draw(detail, now || Date.parse(at(100)));
  return drawing.lanes[n]?.pieces.map((p) => [p.kind, (p.from - drawing.from) / 1_000, (p.to - drawing.from) / 1_000]);
};

describe('lanes of a call', () => {
  const timeline = [
    moment(0, 'arrived'),
    moment(0, 'flow-entered'),
    moment(1, 'answered'),
    moment(5, 'queued', { queue: 'sales' }),
    moment(6, 'offered', { leg: 'l2' }),
    moment(10, 'connected', { leg: 'l2' }),
    moment(20, 'held', { leg: 'l2' }),
    moment(25, 'resumed', { leg: 'l2' }),
    moment(40, 'ended'),
  ];
  const detail = call([leg('l1', 'caller', 0, 1, 40), leg('l2', 'agent', 6, 10, 40)], timeline, 40);

  it('say what the caller did when', () => {
    expect(pieces(detail, 0)).toEqual([
      ['ringing', 0, 1],
      ['menu', 1, 5],
      ['waiting', 5, 10],
      ['talking', 10, 20],
      ['hold', 20, 25],
      ['talking', 25, 40],
    ]);
  });

  it('say what the agent did when', () => {
    expect(pieces(detail, 1)).toEqual([
      ['ringing', 6, 10],
      ['talking', 10, 20],
      ['hold', 20, 25],
      ['talking', 25, 40],
    ]);
  });

  it('have a phone that only rang, and a supervisor who listens', () => {
    const more = call([leg('l1', 'caller', 0, 1, 40), leg('l3', 'agent', 6, null, 9), leg('l4', 'supervisor', 12, 13, 30)], timeline, 40);
    expect(pieces(more, 1)).toEqual([['ringing', 6, 9]]);
    expect(pieces(more, 2)).toEqual([
      ['ringing', 12, 13],
      ['listening', 13, 30],
    ]);
  });

  it('go on until now while the call is open', () => {
    const open = call([leg('l1', 'caller', 0, 1, null)], timeline.slice(0, 4), null);
    expect(pieces(open, 0, Date.parse(at(50)))?.at(-1)).toEqual(['waiting', 5, 50]);
  });

  it('have a width even if nothing happened', () => {
    const drawing = draw(call([leg('l1', 'caller', 0, null, 0)], [], 0), 0);
    expect(drawing.to - drawing.from).toBe(1_000);
  });

  it('give each moment to its leg, and the others to the caller', () => {
    const [caller, agent] = draw(detail, 0).lanes;
    expect(agent?.moments.map((m) => m.moment.what)).toEqual(['offered', 'connected', 'held', 'resumed']);
    expect(caller?.moments).toHaveLength(5);
  });
});

describe('marks of time', () => {
  it('stand at round distances', () => {
    expect(ticks(40_000, 6)).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
    expect(ticks(3_600_000, 6).length).toBeLessThanOrEqual(7);
    expect(ticks(500, 6)).toEqual([0]);
  });
});

describe('looking for calls', () => {
  it('takes ids and numbers apart', () => {
    for (const [text, wanted] of [
      ['c12', { call: 'c12' }],
      [' 12 ', { call: 'c12' }],
      ['C1234567', { call: 'c1234567' }],
      ['+49 (30) 123-45', { number: '+493012345' }],
      ['030 123456', { number: '030123456' }],
      ['Anna', undefined],
      ['', undefined],
    ] as const)
      expect(meant(text), text).toEqual(wanted);
  });

  it('asks for whole days, where the browser is', () => {
    const query = queryOf({ from: '2026-11-20', to: '2026-11-20', queue: '', caller: '+15550100' });
    expect(Object.keys(query).sort()).toEqual(['caller', 'from', 'to']);
    expect(new Date(query.from ?? '').getHours()).toBe(0);
    expect(Date.parse(query.to ?? '') - Date.parse(query.from ?? '')).toBe(86_400_000);
    expect(queryOf({ from: 'yesterday' })).toEqual({});
  });
});
