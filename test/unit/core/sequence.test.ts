import { getHeapStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { Sequence } from '../../../lib/core/sequence.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { survivingBytes, TOTAL_BYTES } from '../../support/survivors.js';

const numbered = <T extends NonNullable<unknown>>(sequence: Sequence<T>) => [...sequence];

it('numbers values from 1, and finds and removes each once', () => {
  const sequence = new Sequence<string>();
  expect([sequence.next, sequence.add('a'), sequence.add('b'), sequence.next]).toEqual([1, 1, 2, 3]);
  expect([0, 1, 2, 3, -1, 17, Number.NaN].map((number) => sequence.get(number))).toEqual([
    undefined,
    'a',
    'b',
    ...Array(4).fill(undefined),
  ]);
  expect([sequence.remove(1), sequence.remove(1), sequence.remove(3), sequence.get(1)]).toEqual([
    'a',
    ...Array(3).fill(undefined),
  ]);
  expect([sequence.size, numbered(sequence)]).toEqual([1, [[2, 'b']]]);
});

it('does the same as a map, whatever the order in which values are removed', () => {
  const sequence = new Sequence<number>();
  const map = new Map<number, number>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let step = 0; step < 20_000; step++) {
    // More is added than removed at first, and the other way round later.
    if (random(20_000) > step) map.set(sequence.add(step), step);
    else {
      const number = Math.max(1, sequence.next - 1 - random(400));
      expect(sequence.remove(number)).toBe(map.get(number));
      map.delete(number);
    }
    expect(sequence.size).toBe(map.size);
  }
  expect(map.size).toBeGreaterThan(16);
  expect(numbered(sequence)).toEqual([...map]);
});

it('lets values be removed and added while they are read', () => {
  const sequence = new Sequence<number>();
  for (let value = 0; value < 16; value++) sequence.add(value);
  const read: number[] = [];
  for (const [number, value] of sequence) {
    read.push(value);
    sequence.remove(number);
    sequence.remove(number + 1);
    if (value < 4) sequence.add(100 + value);
  }
  expect(read).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 100]);
  expect(sequence.size).toBe(0);
});

it('takes no more memory for values that stay while many come and go', () => {
  const sequence = new Sequence<string>();
  const stay = [sequence.add('a'), sequence.add('b')];
  collectGarbage();
  const before = getHeapStatistics().used_heap_size;
  for (let count = 0; count < 1_000_000; count++) sequence.remove(sequence.add('c'));
  stay.push(sequence.add('d'));
  collectGarbage();
  expect(getHeapStatistics().used_heap_size - before).toBeLessThan(1_000_000);
  expect([sequence.size, numbered(sequence)]).toEqual([
    3,
    [
      [1, 'a'],
      [2, 'b'],
      [1_000_003, 'd'],
    ],
  ]);
  expect(stay.map((number) => sequence.remove(number))).toEqual(['a', 'b', 'd']);
  expect([sequence.size, sequence.get(1), numbered(sequence)]).toEqual([0, undefined, []]);
});

it('goes on with its numbers after it is cleared', () => {
  const sequence = new Sequence<string>();
  for (let count = 0; count < 40; count++) sequence.add('a');
  sequence.clear();
  expect([sequence.size, sequence.get(40), numbered(sequence)]).toEqual([0, undefined, []]);
  expect([sequence.add('b'), sequence.get(41), sequence.remove(41)]).toEqual([41, 'b', 'b']);
});

it('keeps no removed value in memory until the next full garbage collection', () => {
  const sequence = new Sequence<object>();
  const survivors = survivingBytes(
    (value) => sequence.add(value),
    (index) => sequence.remove(index + 1),
  );
  expect(survivors).toBeLessThan(TOTAL_BYTES / 4);
});
