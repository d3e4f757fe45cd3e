import { describe, expect, it } from 'vitest';
import { advantages, better, falls, readBaseline } from '../../../bench/guard.js';
import { allResults, callResults } from './figures.js';

describe("the benchmark's guard", () => {
  const floor = {};
  const stored = advantages(callResults({ floor, oslo: { callsPerSecond: 1200, p50Ms: 0.8 } }));

  it('turns every ratio so that more is better', () => {
    expect(stored['calls/s beside floor']).toBe(1.2);
    expect(stored['p50 beside floor']).toBe(1.25);
  });

  it('lets pass what fell by 15 %, and not more', () => {
    const now = (callsPerSecond: number, p50Ms: number) =>
      falls(stored, advantages(callResults({ floor, oslo: { callsPerSecond, p50Ms } }))).map(({ name }) => name);
    expect(now(1021, 0.94)).toEqual([]);
    expect(now(1019, 0.94)).toEqual(['calls/s beside floor']);
    expect(now(1200, 0.95)).toEqual(['p50 beside floor']);
    expect(now(5000, 0.1)).toEqual([]);
  });

  it('takes what is no longer measured for fallen', () => {
    expect(falls(stored, {}).map(({ name }) => name)).toEqual(Object.keys(stored));
  });

  it('takes the better of two measurements', () => {
    expect(better({ a: 1, b: 3 }, { a: 2, b: 1 })).toEqual({ a: 2, b: 3 });
    expect(better({ a: Number.NaN }, { a: 2 })).toEqual({ a: 2 });
  });

  it('stores only ratios that a check measures', async () => {
    const known = Object.keys(advantages(allResults()));
    const baseline = await readBaseline('bench/baseline.json');
    expect(Object.keys(baseline).length).toBeGreaterThan(0);
    for (const [name, value] of Object.entries(baseline)) {
      expect(known).toContain(name);
      expect(value).toBeGreaterThan(0);
    }
  });
});
