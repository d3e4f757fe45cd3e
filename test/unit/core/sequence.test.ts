import { isDeepStrictEqual } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { Sequence } from '../../../lib/core/sequence.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { HELD, survivingBytes, survivingBytesOfMap } from '../../support/survivors.js';

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

it.each([2, 10, 100, 1000])('does the same as a map, with up to %i values', (most) => {
  const sequence = new Sequence<number>();
  const map = new Map<number, number>();
  let seed = most;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const add = (value: number) => map.set(sequence.add(value), value);
  // A call of `expect` for each step would take seconds.
  const differences: unknown[] = [];
  const compare = (one: unknown, other: unknown) => {
    if (!isDeepStrictEqual(one, other)) differences.push([one, other]);
  };
  const remove = (number: number) => {
    compare(sequence.remove(number), map.get(number));
    map.delete(number);
  };
  // Most are removed soon, so that the few others fall far behind.
  const chosen = () => {
    const { value: oldest = 1 } = map.keys().next();
    return random(200) === 0 ? oldest : sequence.next - 1 - random(most);
  };
  const clear = () => {
    sequence.clear();
    map.clear();
  };
  function readWhileTheyChange(step: number): void {
    const others = map.entries();
    for (const entry of sequence) {
      compare(entry, others.next().value);
      if (random(3) === 0) remove(entry[0]);
      if (random(3) === 0) remove(chosen());
      if (map.size < most && random(4) === 0) add(step);
      if (random(500) === 0) clear();
    }
    compare(others.next().done, true);
  }
  for (let step = 0; step < 20_000; step++) {
    if (map.size < random(2 * most)) add(step);
    else remove(chosen());
    if (random(most) === 0) readWhileTheyChange(step);
    if (random(500) === 0) clear();
    compare(sequence.size, map.size);
  }
  expect(differences).toEqual([]);
  expect([...sequence]).toEqual([...map]);
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

it.each<[string, (random: number) => number]>([
  ['in their order', () => HELD],
  ['after very different times', (random) => -HELD * Math.log(1 - random)],
  ['mostly soon, some late', (random) => (random < 0.1 ? 10 * HELD : 10)],
])('keeps few of the values that are removed %s until the next full garbage collection', (_order, stay) => {
  const sequence = new Sequence<object>();
  const survivors = survivingBytes(
    { add: (value) => sequence.add(value), remove: (number) => sequence.remove(number) },
    stay,
  );
  expect(survivors).toBeLessThan(survivingBytesOfMap(stay) / 4);
});
