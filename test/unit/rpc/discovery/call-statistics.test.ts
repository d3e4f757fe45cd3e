import { expect, it } from 'vitest';
import { NoSuchMethod } from '../../../../lib/core/errors.js';
import { CallStatistics } from '../../../../lib/rpc/discovery/call-statistics.js';

const entry = (isBuiltIn = false) => ({ isBuiltIn, expected: [], handle: () => undefined });

it('has no counts before the first request', () => {
  const statistics = new CallStatistics();
  expect(statistics.read(entry())).toEqual({ calls: 0, errors: {}, duration: null });
  expect(statistics).toMatchObject({ used: 0, refused: {} });
});

it('counts requests, errors by class, and slots', () => {
  const statistics = new CallStatistics();
  const method = entry();
  const since = statistics.begin(method);
  statistics.begin(undefined);
  expect(statistics.used).toBe(2);
  statistics.handled(method, since);
  statistics.failed(method, since, new RangeError('x'));
  statistics.failed(method, since, new RangeError('y'));
  statistics.failed(method, since, 'thrown');
  statistics.failed(undefined, since, new NoSuchMethod('z'));
  statistics.end(method);
  expect(statistics.used).toBe(1);
  const builtIn = { ...method, isBuiltIn: true };
  statistics.begin(builtIn);
  expect(statistics.used).toBe(1);
  statistics.end(builtIn);
  expect(statistics.used).toBe(1);
  expect(statistics.read(method)).toMatchObject({ calls: 4, errors: { ValueError: 2, Exception: 1 } });
  expect(statistics.refused).toEqual({ NoSuchMethod: 1 });
});

it('measures durations in seconds', () => {
  const statistics = new CallStatistics();
  const method = entry();
  const now = performance.now();
  for (let second = 1; second <= 100; second++) statistics.handled(method, now - second * 1000);
  const { duration } = statistics.read(method);
  const near = (value: number | undefined, expected: number) =>
    expect(Math.abs((value ?? 0) / expected - 1)).toBeLessThan(0.1);
  near(duration?.mean, 50.5);
  near(duration?.p50, 50);
  near(duration?.p95, 95);
  near(duration?.p99, 99);
  near(duration?.max, 100);
  expect(duration?.p99).toBeLessThanOrEqual(duration?.max ?? 0);
});

it('measures a request of no time, and one of years', () => {
  const statistics = new CallStatistics();
  const [short, long] = [entry(), entry()];
  statistics.handled(short, performance.now() + 1000);
  statistics.handled(long, Number.NEGATIVE_INFINITY);
  expect(statistics.read(short).calls).toBe(1);
  expect(statistics.read(long).calls).toBe(1);
});

it('keeps a bounded number of error classes', () => {
  const statistics = new CallStatistics();
  const method = entry();
  for (let index = 0; index < 100; index++) {
    const name = `Error${index}${'x'.repeat(1000)}`;
    const errorClass = { [name]: class extends Error {} }[name] as new () => Error;
    statistics.failed(method, 0, new errorClass());
  }
  const { errors } = statistics.read(method);
  expect(Object.keys(errors)).toHaveLength(21);
  expect(errors['_OTHER']).toBe(80);
  expect(Math.max(...Object.keys(errors).map((name) => name.length))).toBe(100);
});

it('leaves out the methods of the library', () => {
  const statistics = new CallStatistics();
  const ping = entry(true);
  statistics.handled(ping, 0);
  statistics.failed(ping, 0, new Error());
  expect(statistics.read(ping).calls).toBe(0);
});
