import { describe, expect, it } from 'vitest';
import { after, drawn, silences } from './shape';

describe('the picture of a sound', () => {
  it('has the loudest of each piece', () => {
    expect(drawn([0, 0.5, 0.25, 1], 2)).toEqual([0.5, 1]);
    expect(drawn([0.5, 1], 4)).toEqual([0.5, 0.5, 1, 1]);
    expect(drawn([], 2)).toEqual([0, 0]);
  });
});

describe('silences', () => {
  const some = (seconds: number) => new Array<number>(seconds * 10).fill(0.3);
  const none = (seconds: number) => new Array<number>(seconds * 10).fill(0.012);

  it('are where nobody speaks, if they are long', () => {
    const customer = [...some(1), ...none(3), ...some(1), ...none(1), ...some(1)];
    const found = silences({ channels: [customer, none(7)], length: 7 });
    expect(found).toHaveLength(1);
    expect(found[0]?.from).toBeCloseTo(1.25, 5);
    expect(found[0]?.to).toBeCloseTo(3.75, 5);
    expect(after(found, 2)).toBeCloseTo(3.75, 5);
    expect(after(found, 0.5)).toBeNull();
    expect(after(found, 3.74)).toBeNull();
  });

  it('are none while the other speaks, and none in nothing', () => {
    expect(silences({ channels: [none(4), some(4)], length: 4 })).toEqual([]);
    expect(silences({ channels: [[], []], length: 0 })).toEqual([]);
  });
});
