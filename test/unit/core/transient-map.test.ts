import { expect, it } from 'vitest';
import { TransientMap } from '../../../lib/core/transient-map.js';
import { survivingBytes, survivingBytesOfMap } from '../../support/survivors.js';

it('finds a value by its key until it is removed', () => {
  const map = new TransientMap<string, { readonly name: string }>();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }));
  if (!a || !b || !c) throw new Error('three values are expected');
  map.set('a', a);
  map.set('b', b);
  map.set('a', c);
  expect([map.size, map.get('a'), map.has('b'), map.has('c'), map.values()]).toEqual([2, c, true, false, [c, b]]);
  expect([map.remove('a'), map.remove('a'), map.get('a'), map.has('a')]).toEqual([c, undefined, undefined, false]);
  expect([map.size, map.values()]).toEqual([1, [b]]);
});

it('can be read, changed and cleared at the same time', () => {
  const map = new TransientMap<number, string>();
  for (const [key, value] of ['a', 'b', 'c'].entries()) map.set(key, value);
  const read: unknown[] = [];
  for (const entry of map.entries()) {
    read.push(entry);
    map.remove(1);
    if (entry[0] === 0) map.set(3, 'd');
  }
  expect(read).toEqual([
    [0, 'a'],
    [2, 'c'],
    [3, 'd'],
  ]);
  map.clear();
  expect([map.size, map.get(0), map.values()]).toEqual([0, undefined, []]);
});

it('keeps few of the removed values in memory until the next full garbage collection', () => {
  const map = new TransientMap<string, object>();
  const survivors = survivingBytes({
    add: (value, number) => map.set(String(number), value),
    remove: (number) => map.remove(String(number)),
  });
  expect(survivors).toBeLessThan(survivingBytesOfMap() / 4);
});
