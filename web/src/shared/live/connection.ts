// The live connection: opens a WebSocket, goes on where it stopped, and waits longer between tries the more often they
// fail. Nothing here draws; `store.ts` keeps what comes.

import { readMessage, type LiveMessage } from './messages';

/** How the connection is doing. */
export type Link = 'opening' | 'live' | 'waiting';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Without a message for so long the connection is opened anew: a dead one says nothing either. Milliseconds. */
const SILENCE = 60_000;
/** Messages are taken together for so long, so that a busy floor is drawn ten times a second at the most. */
const BATCH = 100;

/** How long to wait after a number of failed tries; `chance` from 0 to 1 spreads pages that lost a server together. */
export function waitAfter(failures: number, chance: number): number {
  const full = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
  return Math.round(full * (0.5 + chance / 2));
}

/** The server's code for a session that is over, or that may see something else now. */
const SIGNED_OUT = 4_401;

export interface Watcher {
  /** The number of the last change seen. */
  after: () => number | null;
  take: (messages: readonly LiveMessage[]) => void;
  link: (link: Link) => void;
  /** The address with the number to go on from; null while nobody is signed in. */
  address: (after: number | null) => string | null;
  /** The server says that this session is over. */
  signedOut: () => void;
}

export class Connection {
  #socket: WebSocket | null = null;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #flush: ReturnType<typeof setTimeout> | undefined;
  #waiting: LiveMessage[] = [];
  #stopped = true;

  constructor(private readonly watcher: Watcher) {}

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#failures = 0;
    window.addEventListener('online', this.#now);
    document.addEventListener('visibilitychange', this.#now);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    window.removeEventListener('online', this.#now);
    document.removeEventListener('visibilitychange', this.#now);
    clearTimeout(this.#retry);
    this.#leave();
  }

  // The network is back, or somebody looks again: no reason to wait any longer.
  #now = (): void => {
    if (this.#stopped || this.#socket || document.hidden) return;
    clearTimeout(this.#retry);
    this.#open();
  };

  #leave(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#flush);
    this.#flush = undefined;
    this.#waiting = [];
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
  }

  #open(): void {
    const address = this.watcher.address(this.watcher.after());
    if (!address) return;
    this.watcher.link('opening');
    let socket: WebSocket;
    try {
      socket = new WebSocket(address);
    } catch {
      this.#again();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.watcher.link('live');
      this.#listen();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.#listen();
      const message = readMessage(event.data);
      if (!message) return;
      this.#failures = 0;
      this.#waiting.push(message);
      // The first picture is shown at once.
      if ('snapshot' in message) this.#give();
      else this.#flush ??= setTimeout(() => this.#give(), BATCH);
    };
    socket.onclose = (event) => {
      if (event.code === SIGNED_OUT) this.watcher.signedOut();
      this.#again();
    };
    socket.onerror = () => undefined;
  }

  #give(): void {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    if (messages.length > 0) this.watcher.take(messages);
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#leave();
      this.#open();
    }, SILENCE);
  }

  #again(): void {
    // What came before the end was sent by the server and counts.
    this.#give();
    this.#leave();
    if (this.#stopped) return;
    this.watcher.link('waiting');
    const wait = waitAfter(this.#failures, Math.random());
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), wait);
  }
}
