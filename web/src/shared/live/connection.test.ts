import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type Link } from './connection';
import type { LiveMessage } from './messages';

/** A socket that a test opens, speaks through and breaks. */
class Fake {
  static all: Fake[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    Fake.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  end(code = 1_006): void {
    this.onclose?.({ code });
  }
}

const last = (): Fake => {
  const socket = Fake.all[Fake.all.length - 1];
  if (!socket) throw new Error('no socket');
  return socket;
};

function watch(signedIn = true) {
  const seen = { after: null as number | null, links: [] as Link[], batches: [] as (readonly LiveMessage[])[], signedOut: 0 };
  const connection = new Connection({
    after: () => seen.after,
    take: (messages) => {
      seen.batches.push(messages);
      seen.after = messages[messages.length - 1]?.number ?? seen.after;
    },
    link: (link) => seen.links.push(link),
    address: (after) => (signedIn ? `ws://x/live${after === null ? '' : `?after=${after}`}` : null),
    signedOut: () => (seen.signedOut += 1),
  });
  return { connection, seen };
}

const snapshot = { number: 5, snapshot: { calls: [], agents: [], queues: [] } };

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  vi.stubGlobal('WebSocket', Fake);
  Fake.all = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('the live connection', () => {
  it('gives a snapshot at once and changes together', () => {
    const { connection, seen } = watch();
    connection.start();
    last().onopen?.();
    last().say(snapshot);
    expect(seen.batches).toHaveLength(1);
    last().say({ number: 6 });
    last().say({ number: 7 });
    expect(seen.batches).toHaveLength(1);
    vi.advanceTimersByTime(150);
    expect(seen.batches[1]?.map((m) => m.number)).toEqual([6, 7]);
    connection.stop();
  });

  it('goes on after the last number, and keeps what came before the end', () => {
    const { connection, seen } = watch();
    connection.start();
    last().onopen?.();
    last().say(snapshot);
    last().say({ number: 6 });
    last().end();
    expect(seen.after).toBe(6);
    expect(seen.links.at(-1)).toBe('waiting');
    vi.advanceTimersByTime(500);
    expect(last().url).toBe('ws://x/live?after=6');
    connection.stop();
  });

  it('waits longer the more often it fails, and no longer after it worked', () => {
    const { connection } = watch();
    connection.start();
    for (const wait of [500, 1_000, 2_000]) {
      const count = Fake.all.length;
      last().end();
      vi.advanceTimersByTime(wait - 1);
      expect(Fake.all).toHaveLength(count);
      vi.advanceTimersByTime(1);
      expect(Fake.all).toHaveLength(count + 1);
    }
    last().onopen?.();
    last().say(snapshot);
    const count = Fake.all.length;
    last().end();
    vi.advanceTimersByTime(500);
    expect(Fake.all).toHaveLength(count + 1);
    connection.stop();
  });

  it('opens anew when nothing comes for long', () => {
    const { connection } = watch();
    connection.start();
    const first = last();
    first.onopen?.();
    first.say(snapshot);
    vi.advanceTimersByTime(59_000);
    expect(first.closed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(first.closed).toBe(true);
    expect(last()).not.toBe(first);
    connection.stop();
  });

  it('says when the server knows the session no more', () => {
    const { connection, seen } = watch();
    connection.start();
    last().end(4_401);
    expect(seen.signedOut).toBe(1);
    connection.stop();
  });

  it('stops for good', () => {
    const { connection } = watch();
    connection.start();
    const socket = last();
    connection.stop();
    expect(socket.closed).toBe(true);
    socket.end();
    vi.advanceTimersByTime(60_000);
    expect(Fake.all).toHaveLength(1);
  });

  it('opens nothing while nobody is signed in', () => {
    const { connection } = watch(false);
    connection.start();
    vi.advanceTimersByTime(60_000);
    expect(Fake.all).toHaveLength(0);
    connection.stop();
  });

  it('passes over what is no message', () => {
    const { connection, seen } = watch();
    connection.start();
    last().onmessage?.({ data: 'nonsense' });
    last().onmessage?.({ data: new ArrayBuffer(4) });
    vi.advanceTimersByTime(200);
    expect(seen.batches).toEqual([]);
    connection.stop();
  });
});
