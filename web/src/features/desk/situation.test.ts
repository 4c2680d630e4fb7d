import { describe, expect, it } from 'vitest';
import type { CallDetail, MomentView } from '@/shared/api/types';
import { isDialable, situation, span } from './situation';

const moment = (what: string, more: object = {}) => ({ at: '2026-11-20T10:00:00.000Z', what, say: what, ...more }) as MomentView;
const leg = (id: string, agent: string | null, state: string) => ({ id, agent, state, role: agent ? 'agent' : 'caller', began: '' });
const call = (timeline: MomentView[]): CallDetail => ({
  id: 'c1',
  state: 'talking',
  began: '2026-11-20T10:00:00.000Z',
  recordings: [],
  dispositions: [], explanation: [],
  legs: [leg('l1', null, 'up'), leg('l2', 'bela', 'near-hung-up'), leg('l3', 'anna', 'up')],
  timeline,
});
const now = (...timeline: MomentView[]) => situation(call(timeline), 'anna');

describe('how a call stands', () => {
  it('knows what the recording does', () => {
    expect(now().recording).toBe('none');
    expect(now(moment('recording-started')).recording).toBe('on');
    expect(now(moment('recording-started'), moment('recording-paused')).recording).toBe('paused');
    expect(now(moment('recording-started'), moment('recording-paused'), moment('recording-resumed')).recording).toBe('on');
    expect(now(moment('recording-started'), moment('recording-stopped')).recording).toBe('none');
  });

  it('knows only its own agent’s hold and consultation', () => {
    expect(now(moment('held', { leg: 'l3' })).held).toBe(true);
    expect(now(moment('held', { leg: 'l1' })).held).toBe(false);
    expect(now(moment('held', { leg: 'l3' }), moment('resumed', { leg: 'l3' })).held).toBe(false);
    expect(now(moment('consult-began', { by: 'anna', to: { queue: 'q' } })).consultation).toEqual({ to: { queue: 'q' } });
    expect(now(moment('consult-began', { by: 'bela', to: {} })).consultation).toBeNull();
    expect(now(moment('consult-began', { by: 'anna', to: {} }), moment('consult-ended', { by: 'anna' })).consultation).toBeNull();
  });

  it('knows a secure entry and its end', () => {
    expect(now(moment('secure-began', { secure_entry: 'card' }))).toMatchObject({ secure: 'card', secured: null });
    expect(now(moment('secure-began', { secure_entry: 'card' }), moment('secure-ended', { ok: true }))).toMatchObject({
      secure: null,
      secured: true,
    });
  });

  it('knows who else is there', () => {
    expect(now().others.map((l) => l.id)).toEqual(['l1']);
  });
});

describe('times of the configuration', () => {
  it('are read', () => {
    expect([span('20s'), span('500ms'), span('2m'), span('1h')]).toEqual([20_000, 500, 120_000, 3_600_000]);
    for (const text of [undefined, '', '20', 's', '-1s', '1d']) expect(span(text)).toBeNull();
  });
});

describe('what can be dialled', () => {
  it('is a number', () => {
    for (const text of ['+4930123456', '100', '*21#']) expect(isDialable(text)).toBe(true);
    for (const text of ['', '1', '+', 'anna', '+49x', '1'.repeat(30)]) expect(isDialable(text)).toBe(false);
  });
});
