import { describe, expect, it } from 'vitest';
import { BoundedTotal } from '../../../lib/core/bounded-total.js';

function totalOf(...sizes: number[]): BoundedTotal {
  const total = new BoundedTotal(3, 100);
  for (const size of sizes) total.add(size);
  return total;
}

describe('A bounded total', () => {
  it.each([
    ['nothing', [], 100, undefined],
    ['a message that alone is too large', [], 101, 'bytes'],
    ['fewer messages and bytes than the maximum', [10, 20], 70, undefined],
    ['one byte too many', [10, 20], 71, 'bytes'],
    ['the maximum of messages', [1, 1, 1], 0, 'messages'],
    ['the maximum of both', [50, 50, 0], 1, 'messages'],
  ])('is checked with %s', (_name, sizes, next, exceeded) => {
    expect(totalOf(...sizes).exceededBy(next)).toBe(exceeded);
  });

  it('counts messages and bytes until they are removed', () => {
    const total = totalOf(10, 20, 30);
    expect([total.messages, total.bytes]).toEqual([3, 60]);
    total.remove(20);
    expect([total.messages, total.bytes]).toEqual([2, 40]);
    expect(total.exceededBy(60)).toBeUndefined();
  });
});
