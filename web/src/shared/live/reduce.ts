// The state that the live connection keeps up to date. A batch of messages gives a new state; maps that nothing touched
// are the same as before, so that whoever looks at them is not drawn again.

import type { AgentView, CallView, QueueView } from '@/shared/api/types';
import type { Alarm, LiveMessage, Notice } from './messages';

/** Notices that are kept for the page to show. */
export const NOTICES = 20;
/** Calls that ended and are kept for those who took part. */
export const ENDED = 50;

export interface Numbered<T> {
  number: number;
  value: T;
}

export interface LiveState {
  /** Number of the last change; null before the first snapshot. */
  number: number | null;
  calls: ReadonlyMap<string, CallView>;
  agents: ReadonlyMap<string, AgentView>;
  queues: ReadonlyMap<string, QueueView>;
  closed: ReadonlyMap<string, boolean>;
  ended: readonly CallView[];
  notices: readonly Numbered<Notice>[];
  /** What is crossed now, by queue and bound. */
  alarms: ReadonlyMap<string, Alarm>;
}

export const EMPTY: LiveState = {
  number: null,
  calls: new Map(),
  agents: new Map(),
  queues: new Map(),
  closed: new Map(),
  ended: [],
  notices: [],
  alarms: new Map(),
};

type MapName = 'calls' | 'agents' | 'queues' | 'closed' | 'alarms';
type Held<K extends MapName> = LiveState[K] extends ReadonlyMap<string, infer V> ? V : never;

const alarmKey = (alarm: Alarm) => `${alarm.queue}/${alarm.what}`;

const byId = <T extends { id: string }>(list: readonly T[]) => new Map(list.map((v) => [v.id, v]));

/** The state after these messages. The same object if none of them changed anything. */
export function reduce(before: LiveState, messages: readonly LiveMessage[]): LiveState {
  const next: { -readonly [K in keyof LiveState]: LiveState[K] } = { ...before };
  let changed = false;
  // Copied when first touched, once for the batch.
  const copies: { [K in MapName]?: Map<string, Held<K>> } = {};
  const open = <K extends MapName>(name: K): Map<string, Held<K>> => {
    let copy = copies[name] as Map<string, Held<K>> | undefined;
    if (!copy) {
      copy = new Map<string, Held<K>>(before[name] as ReadonlyMap<string, Held<K>>);
      Object.assign(copies, { [name]: copy });
      Object.assign(next, { [name]: copy });
    }
    return copy;
  };
  for (const message of messages) {
    if ('snapshot' in message) {
      // Whatever was known before: this is how things are.
      const { calls, agents, queues, alarms } = message.snapshot;
      const fresh = {
        calls: byId(calls),
        agents: byId(agents),
        queues: byId(queues),
        closed: new Map<string, boolean>(),
        alarms: new Map(alarms.filter((a) => a.on).map((a) => [alarmKey(a), a])),
      };
      Object.assign(copies, fresh);
      Object.assign(next, fresh);
      next.number = message.number;
      changed = true;
      continue;
    }
    // Before a snapshot changes mean nothing, and what was seen once is not done twice. Numbers may have gaps: not
    // everything is told to everybody.
    if (next.number === null || message.number <= next.number) continue;
    next.number = message.number;
    changed = true;
    if ('call' in message) {
      if (message.call.state === 'ended') {
        open('calls').delete(message.call.id);
        next.ended = [message.call, ...next.ended.filter((c) => c.id !== message.call.id)].slice(0, ENDED);
      } else open('calls').set(message.call.id, message.call);
    } else if ('agent' in message) open('agents').set(message.agent.id, message.agent);
    else if ('queue' in message) open('queues').set(message.queue.id, message.queue);
    else if ('hours' in message) open('closed').set(message.hours.id, message.hours.closed);
    else if ('notice' in message) {
      next.notices = [...next.notices, { number: message.number, value: message.notice }].slice(-NOTICES);
    } else if ('alarm' in message) {
      const { alarm } = message;
      if (alarm.on) open('alarms').set(alarmKey(alarm), alarm);
      else open('alarms').delete(alarmKey(alarm));
    }
  }
  return changed ? next : before;
}
