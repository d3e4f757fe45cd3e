import { expect, it } from 'vitest';
import { Counters, NO_COUNTS } from '../../../lib/core/counters.js';

it('begins with no events', () => {
  expect(new Counters().read()).toEqual(NO_COUNTS);
});

it('counts events, and returns copies', () => {
  const counters = new Counters();
  counters.count('duplicates');
  const before = counters.read();
  counters.count('duplicates', 2);
  expect(before.duplicates).toBe(1);
  expect(counters.read()).toEqual({ ...NO_COUNTS, duplicates: 3 });
});

it('reports dead letters under their former name, too', () => {
  const counters = new Counters();
  counters.count('deadLettered');
  expect(counters.read()).toMatchObject({ deadLettered: 1, setAside: 1 });
});
