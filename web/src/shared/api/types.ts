// Names for what the API gives, from its description.

import type { Presence } from '@/shared/agent/presence';
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type CallView = Schemas['CallView'];
export type CallDetail = Schemas['CallDetail'];
export type AgentView = Schemas['AgentView'] & {
  /** What Microsoft Teams says of the person, where that is read. */
  presence?: Presence | null;
};
export type QueueView = Schemas['QueueView'];
export type LegView = Schemas['LegView'];
export type WayView = Schemas['WayView'];
export type MomentView = Schemas['MomentView'];
export type DecisionView = Schemas['DecisionView'];
export type QueueRow = Schemas['QueueRow'];
export type AgentRow = Schemas['AgentRow'];
export type CallbackView = Schemas['CallbackView'];
export type MessageView = Schemas['MessageView'];
export type Explanation = Schemas['Explanation'];
/** A place where a call can go. */
export type Place = { agent: string } | { queue: string } | { number: string };

export type AgentState = 'offline' | 'available' | 'offered' | 'talking' | 'wrap-up' | 'break' | 'suspended';
export const AGENT_STATES: readonly AgentState[] = [
  'available',
  'offered',
  'talking',
  'wrap-up',
  'break',
  'suspended',
  'offline',
];

/** Objects of the configuration, as far as the app reads them. */
export interface UserObject {
  id: string;
  name?: string;
  roles?: string[];
  phone?: string;
  voicemail?: boolean;
}
export interface QueueObject {
  id: string;
  name?: string;
  answer_within?: string;
  wrap_up?: string;
  more_wrap_up?: string;
  ring_time?: string;
  disposition_forced?: boolean;
}
export interface NamedObject {
  id: string;
  name?: string;
}
export interface DispositionObject extends NamedObject {
  queues?: string[] | null;
}
export interface NumberObject {
  id: string;
  number: string;
}
