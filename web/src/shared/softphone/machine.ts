// The state of the phone in this browser. Pure: events go in, a state comes out; `phone.ts` does what follows from it.
//
// Two things that do not depend on each other: the link to the server (a peer connection that stays open between calls)
// and the call that uses it. A broken link does not end a call: the server keeps the leg for a while, and a new link takes
// it up again.

export type LinkState = 'off' | 'connecting' | 'up' | 'broken' | 'failed';
export type CallState = 'none' | 'ringing' | 'answering' | 'talking';

/** Why there is no link. */
export type Failure =
  /** The browser does not give the microphone. */
  | 'microphone'
  /** No microphone is there. */
  | 'no-microphone'
  /** This browser has no WebRTC, or the page is not secure. */
  | 'unsupported'
  /** The server said no. */
  | 'refused'
  /** The link could not be made: a firewall, or the server is gone. */
  | 'network'
  /** Another tab or device is this agent's phone now. */
  | 'elsewhere';

export interface PhoneState {
  link: LinkState;
  failure: Failure | null;
  call: CallState;
  /** Id of the call that rings or is talked in. */
  id: string | null;
  muted: boolean;
  /** Whether the other end is on hold. */
  held: boolean;
}

export const OFF: PhoneState = { link: 'off', failure: null, call: 'none', id: null, muted: false, held: false };

export type PhoneEvent =
  | { type: 'switched-on' }
  | { type: 'switched-off' }
  | { type: 'linked' }
  | { type: 'broke' }
  | { type: 'failed'; failure: Failure }
  | { type: 'rang'; id: string }
  | { type: 'answering' }
  | { type: 'answer-failed' }
  | { type: 'talking'; id: string }
  | { type: 'ended'; id: string | null }
  | { type: 'muted'; muted: boolean }
  | { type: 'held'; held: boolean };

const noCall = { call: 'none', id: null, muted: false, held: false } as const;

export function step(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.type) {
    case 'switched-on':
      return state.link === 'off' || state.link === 'failed' ? { ...state, link: 'connecting', failure: null } : state;
    case 'switched-off':
      return OFF;
    case 'linked':
      // An answer that comes after the phone was switched off changes nothing.
      return state.link === 'connecting' || state.link === 'broken' ? { ...state, link: 'up', failure: null } : state;
    case 'broke':
      return state.link === 'up' ? { ...state, link: 'broken' } : state;
    case 'failed':
      return state.link === 'off' ? state : { ...state, link: 'failed', failure: event.failure };
    case 'rang':
      // One call at a time: the server offers no second one, and a late word of an old one must not cover this.
      return state.call === 'none' ? { ...state, call: 'ringing', id: event.id } : state;
    case 'answering':
      return state.call === 'ringing' ? { ...state, call: 'answering' } : state;
    case 'answer-failed':
      return state.call === 'answering' ? { ...state, call: 'ringing' } : state;
    case 'talking':
      // Also without having rung here: after a reload, or when the agent called somebody.
      if (state.call === 'talking' && state.id === event.id) return state;
      return { ...state, call: 'talking', id: event.id, muted: false, held: false };
    case 'ended':
      return state.call !== 'none' && (event.id === null || event.id === state.id) ? { ...state, ...noCall } : state;
    case 'muted':
      return state.call === 'talking' ? { ...state, muted: event.muted } : state;
    case 'held':
      return state.call === 'talking' ? { ...state, held: event.held } : state;
  }
}

/** Whether the microphone is to be heard: only in a conversation, not while it is off, and not on hold. */
export function isHeard(state: PhoneState): boolean {
  return state.call === 'talking' && !state.muted && !state.held;
}
