import { describe, expect, it } from 'vitest';
import { wordOf } from './signalling';

describe('what a notice says to the phone', () => {
  it('is for its agent only', () => {
    expect(wordOf({ agent: 'anna', what: 'ring', call: 'c1', say: '' }, 'anna')).toEqual({ is: 'ring', call: 'c1', answered: false, codec: null });
    expect(wordOf({ agent: 'bela', what: 'ring', call: 'c1', say: '' }, 'anna')).toBeNull();
  });

  it('is one of three things', () => {
    expect(wordOf({ agent: 'anna', what: 'ring', call: 'c1', answered: true, say: '' }, 'anna')).toMatchObject({ answered: true });
    expect(wordOf({ agent: 'anna', what: 'released', call: 'c1', say: '' }, 'anna')).toEqual({ is: 'released', call: 'c1' });
    expect(wordOf({ agent: 'anna', what: 'replaced', softphone: 'p1-1', say: '' }, 'anna')).toEqual({ is: 'replaced', id: 'p1-1' });
    expect(wordOf({ agent: 'anna', what: 'ring', say: '' }, 'anna')).toBeNull();
    expect(wordOf({ agent: 'anna', what: 'suspended', say: '' }, 'anna')).toBeNull();
  });
});
