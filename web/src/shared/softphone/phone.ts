// The phone in this browser: keeps the link, follows the calls of its agent, and does what the person asks.

import { useSyncExternalStore } from 'react';
import { ApiError } from '@/shared/api/problem';
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
/** The name of this page's registration. */
let registration: string | null = null;
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
  if (state.link !== 'off' && state.link !== 'failed') {
    if (agent === who) return;
    // Somebody else sits here now.
    switchOff();
  }
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
    const made = new PeerLink(stream, (sdp, anew) => exchange(who, sdp, anew), {
      up: () => {
        clearTimeout(mending);
        happen({ type: 'linked' });
      },
      broke: () => {
        happen({ type: 'broke' });
        mend(0);
      },
    });
    if ((state as PhoneState).link !== 'connecting') {
      made.close();
      return;
    }
    link = made;
    made.hear(isHeard(state));
    await made.useSpeaker(preferences().speaker);
    await made.connect(false);
    await takeUp(who);
    clearInterval(looking);
    looking = setInterval(() => void look(), LOOK);
  } catch (e) {
    link?.close();
    link = null;
    happen({ type: 'failed', failure: why(e) });
  }
}

async function exchange(who: string, sdp: string, anew: boolean): Promise<string> {
  const known = anew ? registration : null;
  const registered = known ? await signalling.reoffer(who, known, sdp) : await signalling.register(who, sdp);
  registration = registered.id;
  return registered.answer;
}

/** Takes up the call that the server knows of: one that an earlier page had, as before a reload. */
async function takeUp(who: string): Promise<void> {
  const seen = await signalling.look(who);
  if (!seen.call || seen.state === 'idle') happen({ type: 'ended', id: null });
  else if (seen.state === 'ringing') happen({ type: 'rang', id: seen.call });
  else {
    happen({ type: 'talking', id: seen.call });
    happen({ type: 'held', held: seen.held === true });
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

function close(): void {
  clearTimeout(mending);
  clearInterval(looking);
  link?.close();
  link = null;
  quality = null;
}

export function switchOff(): void {
  const [was, known] = [agent, registration];
  close();
  agent = registration = null;
  if (was && known) void signalling.leave(was, known).catch(() => undefined);
  happen({ type: 'switched-off' });
}

/** What the server says to this phone. */
export function hear(word: signalling.Word): void {
  if (state.link === 'off') return;
  if (word.is === 'released') happen({ type: 'ended', id: word.call });
  else if (word.is === 'replaced') {
    // The word for a page before this one, as after a reload, comes here too.
    if (word.id !== registration) return;
    // Another page is the phone now, and its registration is not ours to end.
    close();
    registration = null;
    happen({ type: 'ended', id: null });
    happen({ type: 'failed', failure: 'elsewhere' });
  } else {
    if (word.codec) void link?.send(word.codec).catch(() => undefined);
    happen(word.answered ? { type: 'talking', id: word.call } : { type: 'rang', id: word.call });
  }
}

/** Asks the server how the phone stands: after words may have been lost. */
export async function resync(): Promise<void> {
  if (agent && (state.link === 'up' || state.link === 'broken')) await takeUp(agent);
}

/** The name of this page's registration while it is the agent's phone: a call that is asked for with it begins here. */
export function registered(): string | null {
  return state.link === 'up' ? registration : null;
}

export async function answer(): Promise<void> {
  const call = state.id;
  happen({ type: 'answering' });
  try {
    await signalling.answer(agent ?? '');
    if (call) happen({ type: 'talking', id: call });
  } catch (e) {
    happen({ type: 'answer-failed' });
    throw e;
  }
}

export async function decline(): Promise<void> {
  const call = state.id;
  await signalling.decline(agent ?? '');
  happen({ type: 'ended', id: call });
}

export async function hangUp(): Promise<void> {
  await signalling.hangUp(agent ?? '');
}

export async function setHeld(held: boolean): Promise<void> {
  await signalling.hold(agent ?? '', held);
  happen({ type: 'held', held });
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
