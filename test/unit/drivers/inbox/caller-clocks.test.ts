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
  const load = { isIdle: false, isOverloaded: false, isRefusing: false };
  const TIMEOUT = 2000;
  const clocks = new CallerClocks(load);
  const arrive = (arrived: number, underWay: number, waited = false) =>
    clocks.beyondFastest('a', arrived - underWay, arrived, TIMEOUT, waited);
  const SECONDS_OF_AN_HOUR = [...Array(60 * 60).keys()];

  it('does not take the wait that all requests have for the difference of the clocks', () => {
    expect(arrive(0, TRIP)).toBe(0);
    for (const n of SECONDS_OF_AN_HOUR) {
      const delay = arrive((n + 1) * 1000, TRIP + 900);
      expect(delay).toBeLessThanOrEqual(900);
      // Two clocks may drift apart.
      expect(delay).toBeGreaterThan(500);
    }
  });

  it('takes nothing off for a drift of the clocks while it refuses calls', () => {
    const refusing = new CallerClocks({ isIdle: false, isOverloaded: false, isRefusing: true });
    const delays = [0, ...SECONDS_OF_AN_HOUR.map((n) => (n + 1) * 1000)].map((arrived) =>
      refusing.beyondFastest('a', arrived - (arrived === 0 ? TRIP : TRIP + 900), arrived, TIMEOUT),
    );
    expect(new Set(delays)).toEqual(new Set([0, 900]));
  });

  it('learns the difference of the clocks anew when it is idle', () => {
    load.isIdle = true;
    for (const n of Array(120).keys()) arrive(HOUR + n * 1000, TRIP + 900);
    expect(arrive(HOUR + 3 * MINUTE, TRIP + 900)).toBe(0);
  });

  it('does not learn it after an overload, in which a broker that stands still makes it look idle', () => {
    const overloaded = new CallerClocks({ isIdle: true, isOverloaded: true, isRefusing: true });
    overloaded.beyondFastest('a', -TRIP, 0, TIMEOUT);
    const delays = SECONDS_OF_AN_HOUR.map((n) =>
      overloaded.beyondFastest('a', (n + 1) * 1000 - TRIP - 900, (n + 1) * 1000, TIMEOUT),
    );
    expect(new Set(delays)).toEqual(new Set([900]));
  });

  it('does not learn it from a request that found no free slot', () => {
    for (const n of Array(600).keys()) arrive(HOUR + 5 * MINUTE + n * 1000, TRIP + 1800, true);
    expect(arrive(HOUR + 20 * MINUTE, TRIP + 1800, true)).toBeGreaterThan(500);
  });

  describe('when the requests of a caller come later than any queue keeps them', () => {
    const STOPPED = 5000;
    /** Sends a request each second, and returns by how much it was slower than the fastest one. The first hundred are fast. */
    const caller = () => {
      const others = new CallerClocks({ ...load, isIdle: false });
      let at = 0;
      const next = (underWay: number, timeout = TIMEOUT) => {
        at += 1000;
        return others.beyondFastest('a', at - underWay, at, timeout);
      };
      for (let n = 0; n < 100; n++) next(TRIP);
      return next;
    };

    it('learns the difference of the clocks after a minute', () => {
      const next = caller();
      for (let n = 0; n < 60; n++) expect(next(TRIP + STOPPED)).toBeCloseTo(STOPPED, -2);
      expect(next(TRIP + STOPPED)).toBe(0);
      expect(next(TRIP + STOPPED + 40)).toBe(40);
    });

    it('learns it as well where every other one has a timeout within which it may have waited', () => {
      const next = caller();
      for (let n = 0; n < 30; n++) for (const timeout of [TIMEOUT, 10_000]) next(TRIP + STOPPED, timeout);
      expect(next(TRIP + STOPPED)).toBe(0);
    });

    it('learns nothing where one of them came in time', () => {
      const next = caller();
      for (let n = 0; n < 60; n++) next(TRIP + STOPPED);
      next(TRIP);
      for (let n = 0; n < 60; n++) expect(next(TRIP + STOPPED)).toBeCloseTo(STOPPED, -2);
    });

    it('learns nothing where they may have waited for just their timeout', () => {
      const next = caller();
      for (let n = 0; n < 600; n++) expect(next(TRIP + TIMEOUT + 400)).toBeGreaterThan(TIMEOUT);
    });

    it('learns nothing from two of them a minute apart, where no load is known', () => {
      const clocks = new CallerClocks();
      const arriveAt = (arrived: number, underWay: number) =>
        clocks.beyondFastest('a', arrived - underWay, arrived, TIMEOUT);
      arriveAt(0, TRIP);
      arriveAt(1000, 40_000);
      expect(arriveAt(61_000, 40_000)).toBeGreaterThan(TIMEOUT);
    });
  });
});

describe('the wait of a call', () => {
  const TIMEOUT = 2000;
  const arrive = (clocks: CallerClocks, { arrived, underWay, skew = 0 }: Record<string, number>) => {
    const written = performance.timeOrigin + (arrived ?? 0) - (underWay ?? 0) + skew;
    const delay = clocks.beyondFastest('a', written, arrived ?? 0, TIMEOUT);
    return clocks.waitOf('a', written, arrived ?? 0, TIMEOUT, delay);
  };

  it('is the time beyond the fastest request of a caller who has called an idle server', () => {
    const clocks = new CallerClocks();
    expect(arrive(clocks, { arrived: 0, underWay: 1500 })).toEqual({ before: 0 });
    expect(arrive(clocks, { arrived: 1, underWay: 1800 }).before).toBeCloseTo(300);
  });

  it('is an estimate as long as all requests of a caller may have waited', () => {
    const load = { isIdle: false, isOverloaded: false, isRefusing: false };
    const clocks = new CallerClocks(load);
    const first = arrive(clocks, { arrived: 0, underWay: 1500 });
    expect(first.certain).toBe(0);
    expect(first.before).toBeCloseTo(1500);
    load.isIdle = true;
    expect(arrive(clocks, { arrived: 1000, underWay: TRIP })).toEqual({ before: 0 });
  });

  it.each([HOUR, -HOUR, 2000, -2000])('is no estimate where the clocks differ by %i ms', (skew) => {
    const clocks = new CallerClocks({ isIdle: false, isOverloaded: false, isRefusing: false });
    expect(arrive(clocks, { arrived: 0, underWay: 1500, skew })).toEqual({ before: 0, certain: 0 });
    const second = arrive(clocks, { arrived: 1, underWay: 1900, skew });
    expect(second.before).toBeCloseTo(400);
  });
});
