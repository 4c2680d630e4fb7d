// What the phone in the browser and the server say to each other. The only file that knows these addresses.

import { ask } from '@/shared/api/client';
import type { Notice } from '@/shared/live/messages';

/** The address by which abilities are looked up: without it the server has no phone for browsers. */
export const SOFTPHONE = '/softphone';

/** Offers a connection for this agent; gives the server's answer, both as SDP. */
export async function offer(agent: string | null, sdp: string): Promise<string> {
  const body = agent ? { agent, offer: sdp } : { offer: sdp };
  const answer = await ask<{ answer?: string; sdp?: string }>('POST', SOFTPHONE, { body });
  return answer.answer ?? answer.sdp ?? '';
}

/** New ways through the network for the connection there is. */
export async function restart(agent: string | null, sdp: string): Promise<string> {
  return offer(agent, sdp);
}

export async function answer(agent: string | null, call: string | null): Promise<void> {
  await ask('POST', `${SOFTPHONE}/answer`, { body: { ...(agent ? { agent } : {}), ...(call ? { call } : {}) } });
}

export async function decline(agent: string | null, call: string | null): Promise<void> {
  await ask('POST', `${SOFTPHONE}/decline`, { body: { ...(agent ? { agent } : {}), ...(call ? { call } : {}) } });
}

export async function leave(agent: string | null): Promise<void> {
  await ask('DELETE', SOFTPHONE, agent ? { query: { agent } } : {});
}

/** The call that rings in this browser, if that is what a notice says. */
export function ringing(notice: Notice, agent: string): string | null {
  if (notice.what !== 'ring' || (notice.agent != null && notice.agent !== agent)) return null;
  return typeof notice.call === 'string' ? notice.call : null;
}
