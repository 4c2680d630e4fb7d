import { describe, expect, it } from 'vitest';
import type { AgentView, CallView, QueueView } from '@/shared/api/types';
import { waitAfter } from './connection';
import { readMessage, type LiveMessage } from './messages';
import { EMPTY, ENDED, NOTICES, reduce, type LiveState } from './reduce';

const call = (id: string, state = 'waiting'): CallView => ({ id, state, began: '2026-11-20T10:00:00.000Z', recordings: [] });
const agent = (id: string, state: string): AgentView => ({
  id,
  state,
  since: '2026-11-20T10:00:00.000Z',
  owes_disposition: false,
  presence: null,
  misses: 0,
  queues: [],
});
const queue = (id: string, waiting: number): QueueView => ({
  id,
  waiting,
  agents: {},
  offered: 0,
  answered: 0,
  abandoned: 0,
  flowed_out: 0,
  callback: 0,
});
const snapshot = (number: number): LiveMessage => ({
  number,
  snapshot: { calls: [call('c1')], agents: [agent('anna', 'available')], queues: [queue('sales', 1)], alarms: [] },
});
const from = (...messages: LiveMessage[]): LiveState => reduce(EMPTY, messages);

describe('live state', () => {
  it('begins with a snapshot and goes on with changes', () => {
    const state = from(snapshot(10), { number: 11, agent: agent('anna', 'talking') }, { number: 12, call: call('c2') });
    expect(state.number).toBe(12);
    expect(state.agents.get('anna')?.state).toBe('talking');
    expect([...state.calls.keys()]).toEqual(['c1', 'c2']);
  });

  it('takes no change before the first snapshot', () => {
    expect(from({ number: 3, call: call('c9') })).toBe(EMPTY);
  });

  it('does nothing twice, and takes numbers with gaps', () => {
    const state = from(snapshot(10), { number: 14, queue: queue('sales', 5) }, { number: 12, queue: queue('sales', 2) });
    expect(state.queues.get('sales')?.waiting).toBe(5);
    expect(reduce(state, [{ number: 14, queue: queue('sales', 9) }])).toBe(state);
  });

  it('leaves maps alone that nothing touched', () => {
    const before = from(snapshot(10));
    const after = reduce(before, [{ number: 11, agent: agent('bela', 'break') }]);
    expect(after.calls).toBe(before.calls);
    expect(after.queues).toBe(before.queues);
    expect(after.agents).not.toBe(before.agents);
    expect(before.agents.has('bela')).toBe(false);
  });

  it('takes an ended call out and keeps it for a while', () => {
    const state = from(snapshot(10), { number: 11, call: call('c1', 'ended') });
    expect(state.calls.size).toBe(0);
    expect(state.ended.map((c) => c.id)).toEqual(['c1']);
    const many = Array.from({ length: ENDED + 9 }, (_, n) => ({ number: 20 + n, call: call(`c${n + 100}`, 'ended') }));
    expect(reduce(state, many).ended).toHaveLength(ENDED);
  });

  it('replaces everything by a new snapshot, in the middle of a batch too', () => {
    const state = from(
      snapshot(10),
      { number: 11, call: call('c7') },
      { number: 50, snapshot: { calls: [], agents: [], queues: [], alarms: [] } },
      { number: 51, call: call('c8') },
    );
    expect([...state.calls.keys()]).toEqual(['c8']);
    expect(state.agents.size).toBe(0);
  });

  it('takes a snapshot with a smaller number: the server began anew', () => {
    const state = from(snapshot(1_000), { number: 5, snapshot: { calls: [], agents: [], queues: [], alarms: [] } });
    expect(state.number).toBe(5);
  });

  it('keeps a bounded number of notices', () => {
    const notices = Array.from({ length: NOTICES + 5 }, (_, n) => ({ number: 11 + n, notice: { what: 'x', say: '' } }));
    expect(from(snapshot(10), ...notices).notices).toHaveLength(NOTICES);
  });

  it('keeps alarms while they last', () => {
    const alarm = { queue: 'sales', what: 'waiting', on: true };
    const state = from(snapshot(10), { number: 11, alarm }, { number: 12, alarm: { ...alarm, what: 'service-level' } });
    expect([...state.alarms.keys()]).toEqual(['sales/waiting', 'sales/service-level']);
    expect(reduce(state, [{ number: 13, alarm: { ...alarm, on: false } }]).alarms.size).toBe(1);
    expect(reduce(state, [snapshot(20)]).alarms.size).toBe(0);
  });

  it('counts kinds that it does not know', () => {
    expect(from(snapshot(10), { number: 11 }).number).toBe(11);
  });
});

describe('messages', () => {
  it.each([null, 7, '', '{', '[]', '"x"', '{"call":{"id":"c1"}}', '{"number":"1"}', '{"number":1.5}'])(
    'are not %j',
    (text) => expect(readMessage(text)).toBeNull(),
  );

  it('are read as what they hold', () => {
    expect(readMessage('{"number":1,"call":{"id":"c1"}}')).toHaveProperty('call');
    expect(readMessage('{"number":1,"call":{"id":7}}')).toEqual({ number: 1 });
    expect(readMessage('{"number":1,"alarm":{"queue":"q"}}')).toEqual({ number: 1 });
    expect(readMessage('{"number":1,"alarm":{"queue":"q","what":"waiting","on":true}}')).toHaveProperty('alarm');
    expect(readMessage('{"number":1,"snapshot":{"calls":"no","agents":[{},{"id":"a"}]}}')).toEqual({
      number: 1,
      snapshot: { calls: [], agents: [{ id: 'a' }], queues: [], alarms: [] },
    });
  });
});

describe('waiting between tries', () => {
  it('grows to a bound and is spread', () => {
    expect(waitAfter(0, 0)).toBe(250);
    expect(waitAfter(0, 1)).toBe(500);
    expect(waitAfter(3, 1)).toBe(4_000);
    expect(waitAfter(500, 1)).toBe(15_000);
  });
});
