import { expect, it } from 'vitest';
import { TransientMap } from '../../../lib/core/transient-map.js';
import { survivingBytes, TOTAL_BYTES } from '../../support/survivors.js';

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

it('keeps no removed value in memory until the next full garbage collection', () => {
  const map = new TransientMap<string, object>();
  const survivors = survivingBytes(
    (value, index) => map.set(String(index), value),
    (index) => map.remove(String(index)),
  );
  expect(survivors).toBeLessThan(TOTAL_BYTES / 4);
});
