import { describe, expect, it } from 'vitest';
import type { AgentView, QueueRow } from '@/shared/api/types';
import { crossed, NO_BOUNDS, readBound, together } from './alarms';
import { arrow, chooseAgents, countStates } from './choose';
import { countKept } from './kept';
import { serviceLevel } from './today';

const agent = (id: string, state: string, since: string, queues: string[] = ['sales']): AgentView => ({
  id,
  state,
  since,
  queues,
  misses: 0,
  owes_disposition: false,
  presence: null,
});
const agents = [
  agent('a1', 'available', '2026-11-20T10:00:03.000Z'),
  agent('a2', 'talking', '2026-11-20T10:00:01.000Z', ['service']),
  agent('a3', 'suspended', '2026-11-20T10:00:02.000Z'),
];
const names: Record<string, string> = { a1: 'Zoë', a2: 'Anna', a3: 'Émile' };
const name = (id: string) => names[id] ?? id;
const show = (wanted: Partial<Parameters<typeof chooseAgents>[1]>) =>
  chooseAgents(agents, { text: '', queue: '', state: '', order: 'name', ...wanted }, name).map((a) => a.id);

describe('the agents shown', () => {
  it('are put in order', () => {
    expect(show({ order: 'name' })).toEqual(['a2', 'a3', 'a1']);
    expect(show({ order: 'state' })).toEqual(['a3', 'a2', 'a1']);
    expect(show({ order: 'longest' })).toEqual(['a2', 'a3', 'a1']);
  });

  it('are found by name without accents, by queue and state', () => {
    expect(show({ text: 'emi' })).toEqual(['a3']);
    expect(show({ text: 'ZOE' })).toEqual(['a1']);
    expect(show({ queue: 'service' })).toEqual(['a2']);
    expect(show({ state: 'suspended', queue: 'sales' })).toEqual(['a3']);
    expect(countStates(agents).get('talking')).toBe(1);
  });
});

describe('those whom Teams keeps', () => {
  const said = (availability: string, activity: string) => ({ availability, activity, age_s: 1 });
  const with_ = (id: string, state: string, presence: AgentView['presence'], queues: string[]) => ({ ...agent(id, state, '', queues), presence: presence ?? null });

  it('are counted by queue, if they are available here', () => {
    const counts = countKept([
      with_('b1', 'available', said('Busy', 'InACall'), ['sales', 'service']),
      with_('b2', 'available', said('DoNotDisturb', 'DoNotDisturb'), ['sales']),
      with_('b3', 'break', said('Busy', 'InACall'), ['sales']),
      with_('b4', 'available', said('Busy', 'InAMeeting'), ['sales']),
      with_('b5', 'available', null, ['sales']),
    ]);
    expect([...counts]).toEqual([['', 2], ['sales', 2], ['service', 1]]);
  });
});

describe('alarms', () => {
  const now = Date.parse('2026-11-20T10:01:00Z');
  const queue = { waiting: 4, waiting_since: '2026-11-20T10:00:00.000Z' };

  it('are given for bounds that are crossed', () => {
    expect(crossed(NO_BOUNDS, queue, 0.1, now)).toEqual([]);
    expect(crossed({ waiting: 3, longest: 59, level: 0.8 }, queue, 0.79, now)).toEqual(['longest', 'waiting', 'level']);
    expect(crossed({ waiting: 4, longest: 60, level: 0.8 }, queue, 0.8, now)).toEqual([]);
  });

  it('need somebody who waits, and a level that there is', () => {
    expect(crossed({ waiting: null, longest: 1, level: 0.8 }, { waiting: 0, waiting_since: null }, null, now)).toEqual([]);
  });

  it('come from the server too', () => {
    expect(together(['waiting'], ['longest-wait', 'waiting', 'something-new'])).toEqual(['longest', 'waiting']);
    expect(together([], ['service-level'])).toEqual(['level']);
  });

  it('are bounded by what makes sense', () => {
    expect(readBound('3', 0, 10)).toBe(3);
    expect(readBound('1,5', 0, 10)).toBe(1.5);
    for (const text of ['', ' ', '-1', '11', 'x', 'Infinity']) expect(readBound(text, 0, 10)).toBeNull();
  });
});

describe('arrow keys', () => {
  it('lead through the grid and not out of it', () => {
    expect(arrow('ArrowRight', 0, 3, 7)).toBe(1);
    expect(arrow('ArrowDown', 1, 3, 7)).toBe(4);
    expect(arrow('ArrowUp', 1, 3, 7)).toBeNull();
    expect(arrow('ArrowDown', 5, 3, 7)).toBeNull();
    expect(arrow('End', 2, 3, 7)).toBe(6);
    expect(arrow('a', 2, 3, 7)).toBeNull();
  });
});

describe('service level over several queues', () => {
  const row = (answered_within: number, answered: number, abandoned: number, abandoned_within: number) =>
    ({ answered_within, answered, abandoned, abandoned_within }) as QueueRow;

  it('is that of the sums', () => {
    expect(serviceLevel([row(90, 100, 10, 10), row(0, 50, 0, 0)])).toBe(0.6);
    expect(serviceLevel([])).toBeNull();
  });
});
