import { expect, test } from 'vitest';
import { readTarget } from './target';

test('a link names a softphone and a number', () => {
  expect(readTarget('#scheme=maxuccall&number=%2B4942155599')).toEqual({ number: '+4942155599', address: 'maxuccall:+4942155599' });
  expect(readTarget('#number=112')?.address).toBe('tel:112');
});

test('what is no number or no softphone opens nothing', () => {
  for (const bad of [
    '', '#', '#number=', '#scheme=javascript&number=112', '#scheme=https&number=112', '#scheme=TEL&number=112',
    '#number=*21*0900%23', '#number=%2B49ANNA', '#scheme=tel:x&number=112', '#number=1%0d%0a12', '#scheme=&number=112',
    `#number=${'1'.repeat(21)}`,
  ]) {
    expect(readTarget(bad), bad).toBeNull();
  }
});
