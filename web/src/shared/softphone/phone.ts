// The phone in this browser: keeps the link, follows the calls of its agent, and does what the person asks.

import { useSyncExternalStore } from 'react';
import { ApiError } from '@/shared/api/problem';
import type { AgentView } from '@/shared/api/types';
import { preferences } from '@/shared/preferences';
import { openMicrophone, PeerLink, type Quality } from './link';
import { isHeard, OFF, step, type Failure, type PhoneEvent, type PhoneState } from './machine';
import { startRinging, stopRinging } from './ring';
import * as signalling from './signalling';

/** Between two tries to mend a broken link, in milliseconds; the server keeps the leg about twenty seconds. */
const MENDING = [0, 1_000, 2_000, 4_000, 6_000, 8_000];
/** Between two looks at the quality, in milliseconds. */
const LOOK = 3_000;

let state: PhoneState = OFF;
let quality: Quality | null = null;
let link: PeerLink | null = null;
let agent: string | null = null;
let mending: ReturnType<typeof setTimeout> | undefined;
let looking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function happen(event: PhoneEvent): void {
  const before = state;
  state = step(state, event);
  if (state === before) return;
  link?.hear(isHeard(state));
  if (state.call === 'ringing') startRinging();
  else stopRinging();
  tell();
}

function why(error: unknown): Failure {
  if (error instanceof ApiError) return error.status === 0 || error.status >= 500 ? 'network' : 'refused';
  if (error instanceof DOMException) {
    if (error.name === 'NotFoundError') return 'no-microphone';
    if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return 'microphone';
    if (error.name === 'NotReadableError') return 'microphone';
  }
  return 'network';
}

/** Whether this browser can be a phone at all: microphones are only given to secure pages. */
export function isSupported(): boolean {
  return typeof RTCPeerConnection === 'function' && window.isSecureContext && 'mediaDevices' in navigator;
}

/** Makes this browser the phone of an agent. */
export async function switchOn(who: string): Promise<void> {
  if (state.link !== 'off' && state.link !== 'failed') return;
  link?.close();
  link = null;
  agent = who;
  happen({ type: 'switched-on' });
  if (!isSupported()) {
    happen({ type: 'failed', failure: 'unsupported' });
    return;
  }
  try {
    const stream = await openMicrophone(preferences().microphone);
    const made = new PeerLink(stream, (sdp) => signalling.offer(agent, sdp), {
      up: () => {
        clearTimeout(mending);
        happen({ type: 'linked' });
      },
      broke: () => {
        happen({ type: 'broke' });
        mend(0);
      },
      failed: () => happen({ type: 'failed', failure: 'network' }),
    });
    if ((state as PhoneState).link !== 'connecting') {
      made.close();
      return;
    }
    link = made;
    made.hear(isHeard(state));
    await made.useSpeaker(preferences().speaker);
    await made.connect(false);
    clearInterval(looking);
    looking = setInterval(() => void look(), LOOK);
  } catch (e) {
    link?.close();
    link = null;
    happen({ type: 'failed', failure: why(e) });
  }
}

async function look(): Promise<void> {
  const seen = state.call === 'talking' ? ((await link?.quality().catch(() => null)) ?? null) : null;
  if (seen === quality) return;
  quality = seen;
  tell();
}

function mend(attempt: number): void {
  clearTimeout(mending);
  if (state.link !== 'broken') return;
  const wait = MENDING[attempt];
  if (wait === undefined) {
    happen({ type: 'failed', failure: 'network' });
    return;
  }
  mending = setTimeout(() => {
    void link
      ?.connect(true)
      .catch(() => undefined)
      .then(() => mend(attempt + 1));
  }, wait);
}

export function switchOff(): void {
  const was = agent;
  clearTimeout(mending);
  clearInterval(looking);
  link?.close();
  link = null;
  agent = null;
  quality = null;
  if (state.link !== 'off') void signalling.leave(was).catch(() => undefined);
  happen({ type: 'switched-off' });
}

/** The call rings here. */
export function rang(call: string): void {
  happen({ type: 'rang', id: call });
}

/** What the live connection says of the agent: the truth about which call there is. */
export function follow(view: AgentView | undefined): void {
  if (!view || state.link === 'off') return;
  if (view.state === 'talking' && view.call) happen({ type: 'talking', id: view.call });
  else if (view.state !== 'offered') happen({ type: 'ended', id: null });
}

export async function answer(): Promise<void> {
  const call = state.id;
  happen({ type: 'answering' });
  try {
    await signalling.answer(agent, call);
  } catch (e) {
    happen({ type: 'answer-failed' });
    throw e;
  }
}

export async function decline(): Promise<void> {
  const call = state.id;
  await signalling.decline(agent, call);
  happen({ type: 'ended', id: call });
}

export function setMuted(muted: boolean): void {
  happen({ type: 'muted', muted });
}

export function press(keys: string): boolean {
  return link?.press(keys) ?? false;
}

export function level(): number {
  return link?.level() ?? 0;
}

export function changeDevices(): void {
  const { microphone, speaker } = preferences();
  void link?.useMicrophone(microphone).catch(() => undefined);
  void link?.useSpeaker(speaker);
}

export interface Phone extends PhoneState {
  quality: Quality | null;
}

let seen: Phone = { ...OFF, quality: null };

function snapshot(): Phone {
  const same = (Object.keys(state) as (keyof PhoneState)[]).every((k) => state[k] === seen[k]);
  if (!same || seen.quality !== quality) seen = { ...state, quality };
  return seen;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePhone(): Phone {
  return useSyncExternalStore(subscribe, snapshot);
}
