import { expect, it } from 'vitest';
import { ServiceTimes } from '../../../../lib/drivers/inbox/service-times.js';

it('knows nothing of a method that has not run', () => {
  expect(new ServiceTimes().of('echo')).toBe(0);
});

it('estimates the time of each method by its fast runs', () => {
  const times = new ServiceTimes();
  for (const n of Array(100).keys()) times.add('mixed', n % 2 === 0 ? 10 : 1000);
  times.add('slow', 500);
  expect(times.of('mixed')).toBeGreaterThanOrEqual(10);
  expect(times.of('mixed')).toBeLessThan(150);
  expect(times.of('slow')).toBe(500);
});

it('follows a method that has become slower', () => {
  const times = new ServiceTimes();
  times.add('echo', 10);
  for (const _ of Array(200)) times.add('echo', 100);
  expect(times.of('echo')).toBeGreaterThan(95);
});
