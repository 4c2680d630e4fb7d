// What comes over the live connection: a snapshot, then numbered changes.

import type { AgentView, CallView, QueueView } from '@/shared/api/types';

export interface Snapshot {
  calls: CallView[];
  agents: AgentView[];
  queues: QueueView[];
}

/** Something that an agent is told. */
export interface Notice {
  agent?: string | null;
  what: string;
  say: string;
  [more: string]: unknown;
}

/** An alarm of a queue: a bound that was crossed, or kept again. */
export interface Alarm {
  queue: string;
  what: string;
  on?: boolean;
  [more: string]: unknown;
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
    const list = (v: unknown) => (Array.isArray(v) ? v.filter(hasId) : []);
    const lists = { calls: list(snapshot.calls), agents: list(snapshot.agents), queues: list(snapshot.queues) };
    return { number, snapshot: lists as unknown as Snapshot };
  }
  for (const kind of ['call', 'agent', 'queue', 'hours'] as const) {
    if (hasId(value[kind])) return value as unknown as LiveMessage;
  }
  for (const kind of ['notice', 'alarm'] as const) {
    if (isRecord(value[kind])) return value as unknown as LiveMessage;
  }
  return { number };
}
