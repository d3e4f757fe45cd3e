import { describe, expect, it } from 'vitest';
import { CallerClocks, TOLERANCE_MS } from '../../../../lib/drivers/inbox/caller-clocks.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const TRIP = 3;

describe.each([0, HOUR, -HOUR, 1.7e12])('requests of a caller whose clock differs by %i ms', (skew) => {
  const clocks = new CallerClocks();
  /** @param underWay milliseconds between writing and arrival */
  const arrive = (arrived: number, underWay: number, caller = 'a', clock = skew) =>
    clocks.delayOf(caller, arrived - underWay + clock, arrived);

  it('are not late at first, however long they were under way', () => {
    expect(arrive(0, 40_000, 'new')).toBe(0);
    expect(arrive(1, 39_000, 'new')).toBe(0);
  });

  it('are late by the time beyond the fastest one', () => {
    expect(arrive(0, TRIP)).toBe(0);
    expect(arrive(10, TRIP + TOLERANCE_MS)).toBe(0);
    expect(arrive(20, TRIP + TOLERANCE_MS + 1)).toBe(TOLERANCE_MS + 1);
    expect(arrive(30, TRIP + 40_000)).toBe(40_000);
    expect(arrive(40, TRIP)).toBe(0);
  });

  it.each([MINUTE, 10 * MINUTE, HOUR])('are late after an outage of %i ms, but for the drift of clocks', (outage) => {
    arrive(1e6, TRIP, 'b');
    for (const n of [0, 1, 2]) {
      const delay = arrive(1e6 + outage + n, outage, 'b');
      expect(delay).toBeGreaterThan(outage * 0.99);
      expect(delay).toBeLessThanOrEqual(outage);
    }
    expect(arrive(1e6 + outage + 3, TRIP, 'b')).toBe(0);
  });

  it('are not late because two clocks drift apart by 0.05 % for a day', () => {
    for (const n of Array(24 * 6).keys()) {
      const now = 1e7 + n * 10 * MINUTE;
      expect(arrive(now, TRIP, 'c', skew - n * 10 * MINUTE * 0.0005)).toBe(0);
    }
  });

  it.each([10, 1000, HOUR])('are in time again soon after its clock has jumped, with one each %i ms', (interval) => {
    let now = 1e9;
    arrive(now, TRIP, 'd');
    const late: number[] = [];
    while (late.length < 10_000) {
      now += interval;
      if (arrive(now, TRIP, 'd', skew - HOUR) === 0) break;
      late.push(now);
    }
    expect(late.length).toBeGreaterThan(0);
    expect((late.at(-1) ?? 0) - (late[0] ?? 0)).toBeLessThanOrEqual(Math.max(2 * MINUTE, interval));
  });

  it('do not make requests of other callers late', () => {
    arrive(0, TRIP, 'e');
    expect(arrive(1, TRIP, 'f', skew - HOUR)).toBe(0);
  });
});

it('remembers a bounded number of callers', () => {
  const clocks = new CallerClocks();
  for (const n of Array(1001).keys()) clocks.delayOf(`caller ${n}`, 0, 0);
  expect(clocks.delayOf('caller 0', 0, 5000)).toBe(0);
  expect(clocks.delayOf('caller 1000', 0, 5000)).toBe(5000);
});

describe('a server that is never idle', () => {
  let isIdle = false;
  const clocks = new CallerClocks(() => isIdle);
  const arrive = (arrived: number, underWay: number) => clocks.beyondFastest('a', arrived - underWay, arrived);

  it('does not take the wait that all requests have for the difference of the clocks', () => {
    expect(arrive(0, TRIP)).toBe(0);
    for (const n of Array(4 * 60).keys()) expect(arrive((n + 1) * 1000, TRIP + 900)).toBe(900);
  });

  it('learns the difference of the clocks anew when it is idle', () => {
    isIdle = true;
    for (const n of Array(120).keys()) arrive(6 * MINUTE + n * 1000, TRIP + 900);
    expect(arrive(9 * MINUTE, TRIP + 900)).toBe(0);
  });

  it('learns it at the latest after ten minutes', () => {
    isIdle = false;
    for (const n of Array(20 * 60).keys()) arrive(9 * MINUTE + n * 1000, TRIP + 5000);
    expect(arrive(9 * MINUTE + 20 * MINUTE, TRIP + 5000)).toBeLessThan(100);
  });
});
