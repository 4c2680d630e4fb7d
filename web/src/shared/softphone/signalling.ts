// What the phone in the browser and the server say to each other. The only file that knows these addresses.

import { ask } from '@/shared/api/client';
import type { Notice } from '@/shared/live/messages';

/** The address by which abilities are looked up: without it the server has no phone for browsers. */
export const SOFTPHONE = '/softphone';
export const HOLD = '/softphone/hold';

/** This page as an agent's phone: the name of its registration, and the server's answer as SDP. */
export interface Registered {
  id: string;
  answer: string;
}

/** How the phone stands, for a page that comes back. */
export interface SoftphoneView {
  state: 'idle' | 'ringing' | 'talking';
  call?: string | null;
  held?: boolean;
}

/** Makes this page the agent's phone. A call that an earlier page had goes on. */
export function register(agent: string, offer: string): Promise<Registered> {
  return ask('POST', SOFTPHONE, { body: { agent, offer } });
}

/** New ways through the network for the connection there is. */
export function reoffer(agent: string, id: string, offer: string): Promise<Registered> {
  return ask('PATCH', SOFTPHONE, { body: { agent, id, offer } });
}

export function look(agent: string): Promise<SoftphoneView> {
  return ask('GET', SOFTPHONE, { query: { agent } });
}

export async function answer(agent: string): Promise<void> {
  await ask('POST', `${SOFTPHONE}/answer`, { body: { agent } });
}

export async function decline(agent: string): Promise<void> {
  await ask('POST', `${SOFTPHONE}/decline`, { body: { agent } });
}

export async function hangUp(agent: string): Promise<void> {
  await ask('POST', `${SOFTPHONE}/hang-up`, { body: { agent } });
}

export async function hold(agent: string, held: boolean): Promise<void> {
  await ask('PUT', HOLD, { body: { agent, held } });
}

/** This page is the agent's phone no longer; a call that it has ends. */
export async function leave(agent: string, id: string): Promise<void> {
  await ask('DELETE', SOFTPHONE, { query: { agent, id } });
}

export type Word =
  /** `codec` is what the page should send, so that nothing has to be translated. */
  | { is: 'ring'; call: string; answered: boolean; codec: string | null }
  | { is: 'released'; call: string }
  /** The registration of this name is nobody's phone any more. */
  | { is: 'replaced'; id: string };

/** What a notice says to the phone of this agent; null if nothing. */
export function wordOf(notice: Notice, agent: string): Word | null {
  if (notice.agent != null && notice.agent !== agent) return null;
  const call = typeof notice.call === 'string' ? notice.call : '';
  if (notice.what === 'ring' && call) {
    return { is: 'ring', call, answered: notice.answered === true, codec: typeof notice.codec === 'string' ? notice.codec : null };
  }
  if (notice.what === 'released') return { is: 'released', call };
  return notice.what === 'replaced' && typeof notice.softphone === 'string' ? { is: 'replaced', id: notice.softphone } : null;
}
