// What comes over the live connection: a snapshot, then numbered changes.

import type { AgentView, CallView, QueueView } from '@/shared/api/types';

export interface Snapshot {
  calls: CallView[];
  agents: AgentView[];
  queues: QueueView[];
  alarms: Alarm[];
}

/** Something that an agent is told. */
export interface Notice {
  agent?: string | null;
  what: string;
  say: string;
  [more: string]: unknown;
}

/** An alarm of a queue: a bound of its configuration that was crossed, or is kept again. */
export interface Alarm {
  queue: string;
  /** `waiting`, `longest-wait` or `service-level`. */
  what: string;
  on: boolean;
}

export type LiveMessage =
  | { number: number; snapshot: Snapshot }
  | { number: number; call: CallView }
  | { number: number; agent: AgentView }
  | { number: number; queue: QueueView }
  | { number: number; hours: { id: string; closed: boolean } }
  | { number: number; notice: Notice }
  | { number: number; alarm: Alarm }
  /** A kind that this page does not know yet: only its number counts. */
  | { number: number };

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);
const isAlarm = (v: unknown): boolean =>
  isRecord(v) && typeof v.queue === 'string' && typeof v.what === 'string' && typeof v.on === 'boolean';
const hasId = (v: unknown): boolean => isRecord(v) && typeof v.id === 'string';

/** Reads a message; null for what is none. */
export function readMessage(text: unknown): LiveMessage | null {
  if (typeof text !== 'string') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || typeof value.number !== 'number' || !Number.isSafeInteger(value.number)) return null;
  const { number, snapshot } = value;
  if (isRecord(snapshot)) {
    const list = (v: unknown, fits = hasId) => (Array.isArray(v) ? v.filter(fits) : []);
    const lists = {
      calls: list(snapshot.calls),
      agents: list(snapshot.agents),
      queues: list(snapshot.queues),
      alarms: list(snapshot.alarms, isAlarm),
    };
    return { number, snapshot: lists as unknown as Snapshot };
  }
  for (const kind of ['call', 'agent', 'queue', 'hours'] as const) {
    if (hasId(value[kind])) return value as unknown as LiveMessage;
  }
  if (isRecord(value.notice) || isAlarm(value.alarm)) return value as unknown as LiveMessage;
  return { number };
}
