// The live state as components see it: each looks at a part, and is drawn again when that part changed.

import { useCallback, useRef, useSyncExternalStore } from 'react';
import { credentials } from '@/shared/api/credentials';
import type { AgentView, CallView, QueueView } from '@/shared/api/types';
import { findSession } from '@/shared/session';
import { Connection, type Link } from './connection';
import type { LiveMessage } from './messages';
import { EMPTY, reduce, type LiveState } from './reduce';

let state: LiveState = EMPTY;
let link: Link = 'opening';
const listeners = new Set<() => void>();
const watchers = new Set<(messages: readonly LiveMessage[]) => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function address(after: number | null): string | null {
  const proof = credentials();
  if (proof.way === 'none') return null;
  const url = new URL('/api/v1/live', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (after !== null) url.searchParams.set('after', String(after));
  // A browser cannot send headers with a WebSocket. A cookie goes by itself.
  if (proof.way === 'token') url.searchParams.set('token', proof.token);
  return url.href;
}

const connection = new Connection({
  after: () => state.number,
  take: (messages) => {
    const next = reduce(state, messages);
    if (next !== state) {
      state = next;
      tell();
    }
    for (const watcher of watchers) watcher(messages);
  },
  link: (now) => {
    link = now;
    tell();
  },
  address,
  // A role may have changed, too: whoever is still signed in goes on with a new snapshot.
  signedOut: () => {
    state = EMPTY;
    void findSession().catch(() => undefined);
  },
});

/** Begins to watch; ends when nobody is signed in any more. */
export function startLive(): () => void {
  connection.start();
  return () => {
    connection.stop();
    state = EMPTY;
    link = 'opening';
    tell();
  };
}

/** Each batch of messages as it comes, for what happens once: a ringing phone, a notice. */
export function watchMessages(watcher: (messages: readonly LiveMessage[]) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function liveState(): LiveState {
  return state;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// At once when it was quiet, else when so many milliseconds have passed since the last time.
function seldom(every: number): typeof subscribe {
  return (listener) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = -Infinity;
    const call = () => {
      timer = undefined;
      last = performance.now();
      listener();
    };
    const unsubscribe = subscribe(() => {
      const left = last + every - performance.now();
      if (left <= 0) call();
      else timer ??= setTimeout(call, left);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  };
}

const eachSecond = seldom(1_000);

export type { LiveState } from './reduce';

/** A part of the live state. `same` says whether two of them look alike; without it they must be one object. */
export function useLive<T>(select: (state: LiveState) => T, same: (a: T, b: T) => boolean = Object.is, tell = subscribe): T {
  const last = useRef<{ of: LiveState; select: unknown; value: T } | null>(null);
  const get = useCallback(() => {
    const seen = last.current;
    if (seen && seen.of === state && seen.select === select) return seen.value;
    const value = select(state);
    const kept = seen && same(seen.value, value) ? seen.value : value;
    last.current = { of: state, select, value: kept };
    return kept;
  }, [select, same]);
  return useSyncExternalStore(tell, get);
}

/** A part of the live state that is looked at once a second at most: what costs much to draw. */
export function useLiveSeldom<T>(select: (state: LiveState) => T): T {
  return useLive(select, Object.is, eachSecond);
}

export function useLink(): Link {
  return useSyncExternalStore(subscribe, () => link);
}

export function useAgent(id: string | null | undefined): AgentView | undefined {
  return useLive(useCallback((s: LiveState) => (id ? s.agents.get(id) : undefined), [id]));
}

export function useCall(id: string | null | undefined): CallView | undefined {
  return useLive(useCallback((s: LiveState) => (id ? s.calls.get(id) : undefined), [id]));
}

export function useQueue(id: string | null | undefined): QueueView | undefined {
  return useLive(useCallback((s: LiveState) => (id ? s.queues.get(id) : undefined), [id]));
}
