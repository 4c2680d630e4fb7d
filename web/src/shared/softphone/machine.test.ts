import { describe, expect, it } from 'vitest';
import { isHeard, OFF, step, type PhoneEvent, type PhoneState } from './machine';

const after = (...events: PhoneEvent[]): PhoneState => events.reduce(step, OFF);
const on: PhoneEvent[] = [{ type: 'switched-on' }, { type: 'linked' }];
const talk: PhoneEvent[] = [...on, { type: 'rang', id: 'c1' }, { type: 'answering' }, { type: 'talking', id: 'c1' }];

describe('the phone in the browser', () => {
  it('rings, is answered, talks and ends', () => {
    expect(after(...on)).toMatchObject({ link: 'up', call: 'none' });
    expect(after(...talk)).toMatchObject({ call: 'talking', id: 'c1' });
    expect(after(...talk, { type: 'ended', id: 'c1' })).toMatchObject({ link: 'up', call: 'none', id: null });
  });

  it('is heard only in a conversation with the microphone on', () => {
    expect(isHeard(after(...on))).toBe(false);
    expect(isHeard(after(...on, { type: 'rang', id: 'c1' }))).toBe(false);
    expect(isHeard(after(...talk))).toBe(true);
    expect(isHeard(after(...talk, { type: 'muted', muted: true }))).toBe(false);
    expect(isHeard(after(...talk, { type: 'muted', muted: true }, { type: 'muted', muted: false }))).toBe(true);
  });

  it('is not heard on hold, and holds no longer in the next call', () => {
    const held = after(...talk, { type: 'held', held: true });
    expect(isHeard(held)).toBe(false);
    expect(isHeard(step(held, { type: 'held', held: false }))).toBe(true);
    expect(step(step(held, { type: 'ended', id: 'c1' }), { type: 'talking', id: 'c2' }).held).toBe(false);
  });

  it('begins each call with the microphone on', () => {
    const state = after(...talk, { type: 'muted', muted: true }, { type: 'ended', id: null }, { type: 'talking', id: 'c2' });
    expect(state).toMatchObject({ id: 'c2', muted: false });
  });

  it('stays muted when told of the same call again', () => {
    expect(after(...talk, { type: 'muted', muted: true }, { type: 'talking', id: 'c1' }).muted).toBe(true);
  });

  it('keeps the call while the link is broken, and when it fails', () => {
    const broken = after(...talk, { type: 'broke' });
    expect(broken).toMatchObject({ link: 'broken', call: 'talking', id: 'c1' });
    expect(step(broken, { type: 'linked' })).toMatchObject({ link: 'up', call: 'talking' });
    expect(step(broken, { type: 'failed', failure: 'network' })).toMatchObject({ link: 'failed', call: 'talking' });
  });

  it('rings for one call at a time', () => {
    expect(after(...talk, { type: 'rang', id: 'c2' })).toMatchObject({ call: 'talking', id: 'c1' });
    expect(after(...on, { type: 'rang', id: 'c1' }, { type: 'rang', id: 'c2' }).id).toBe('c1');
  });

  it('does not end by the end of another call', () => {
    expect(after(...talk, { type: 'ended', id: 'c0' }).call).toBe('talking');
  });

  it('rings on when answering did not work', () => {
    const events: PhoneEvent[] = [...on, { type: 'rang', id: 'c1' }, { type: 'answering' }, { type: 'answer-failed' }];
    expect(after(...events).call).toBe('ringing');
  });

  it('can be switched on again after a failure, and not by a late answer after it was switched off', () => {
    const failed = after({ type: 'switched-on' }, { type: 'failed', failure: 'microphone' });
    expect(failed).toMatchObject({ link: 'failed', failure: 'microphone' });
    expect(step(failed, { type: 'switched-on' })).toMatchObject({ link: 'connecting', failure: null });
    expect(after({ type: 'switched-on' }, { type: 'switched-off' }, { type: 'linked' })).toEqual(OFF);
    expect(step(OFF, { type: 'failed', failure: 'network' })).toBe(OFF);
  });

  it('changes nothing by what makes no sense', () => {
    const state = after(...on);
    for (const event of [
      { type: 'answering' },
      { type: 'answer-failed' },
      { type: 'ended', id: null },
      { type: 'muted', muted: true },
      { type: 'held', held: true },
      { type: 'switched-on' },
    ] satisfies PhoneEvent[]) {
      expect(step(state, event)).toBe(state);
    }
  });
});
