import { describe, expect, it } from 'vitest';
import { type ServedCall, type SimulatedCall, simulate } from './pressed-inbox.js';

const SLOTS = 4;
const NEED_MS = 40;
const TIMEOUT_MS = 2000;
/** Calls in a second that the slots can serve. */
const CAPACITY = (SLOTS * 1000) / NEED_MS;
const HOUR = 3_600_000;

/** Returns calls at random times, the same ones each time. */
function callsOf(
  { from = 0, to, perSecond, seed = 1 }: { from?: number; to: number; perSecond: number; seed?: number },
  facts: Partial<SimulatedCall> = {},
): SimulatedCall[] {
  let last = seed;
  const random = () => {
    last = (last * 1_103_515_245 + 12_345) % 2 ** 31;
    return last / 2 ** 31;
  };
  const found: SimulatedCall[] = [];
  for (let at = from; ; ) {
    at -= (Math.log(1 - random()) * 1000) / perSecond;
    if (at >= to) return found;
    found.push({ at, timeout: TIMEOUT_MS, need: NEED_MS, ...facts });
  }
}

/** Calls of a few seconds in which the server is mostly idle, so that it knows the clocks of its callers. */
const calm = (facts: Partial<SimulatedCall> = {}) => callsOf({ from: -8000, to: -200, perSecond: 5 }, facts);

/** Returns the part of the capacity that was answered in time, in each second of the time. */
function goodput(calls: readonly ServedCall[], from: number, to: number, capacity = CAPACITY): number {
  const inTime = calls.filter((it) => it.outcome === 'in time' && it.settledAt >= from && it.settledAt < to);
  return inTime.length / ((to - from) / 1000) / capacity;
}

const count = (calls: readonly ServedCall[], outcome: ServedCall['outcome']) =>
  calls.filter((it) => it.outcome === outcome).length;

const percentile = (calls: readonly ServedCall[], outcome: ServedCall['outcome'], part: number): number => {
  const times = calls.filter((it) => it.outcome === outcome).map(({ at, settledAt }) => settledAt - at);
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? Number.NaN;
};

const pressed = (facts: Partial<SimulatedCall> = {}, seconds = 25) =>
  callsOf({ to: seconds * 1000, perSecond: 4 * CAPACITY }, facts);

describe('a server that is called four times as often as its handlers finish', () => {
  it.each([0, HOUR, -HOUR])('serves at its capacity, with clocks that differ by %i ms', async (skew) => {
    const { calls } = await simulate({ slots: SLOTS, calls: [...calm({ skew }), ...pressed({ skew })] });
    expect(goodput(calls, 0, 25_000)).toBeGreaterThan(0.95);
    expect(percentile(calls, 'in time', 0.99)).toBeLessThan(TIMEOUT_MS);
    expect(percentile(calls, 'refused', 0.5)).toBeLessThan(TIMEOUT_MS / 2);
    expect(count(calls, 'late') + count(calls, 'expired')).toBeLessThan(0.01 * calls.length);
    // None of the refused ones was started.
    expect(calls.filter((it) => it.outcome === 'refused' && it.runs > 0)).toEqual([]);
  });

  it('serves at its capacity when it has never been idle', async () => {
    const { calls } = await simulate({ slots: SLOTS, calls: pressed() });
    expect(goodput(calls, 0, 25_000)).toBeGreaterThan(0.95);
  });

  it.each([
    [false, 0.95],
    [true, 0.83],
  ])(
    'serves at its capacity although its broker stands still for moments (at least once: %s)',
    async (atLeastOnce, part) => {
      const calls = [...calm(), ...pressed({}, 90)];
      const stalls = { every: 5000, length: 120 };
      const { calls: served } = await simulate({ slots: SLOTS, calls, stalls, atLeastOnce });
      // The server seems idle then, and what it has read expires before a slot is free.
      expect(goodput(served, 0, 90_000)).toBeGreaterThan(part);
    },
  );

  it('works for callers that have given up without load shedding', async () => {
    const calls = [...calm(), ...pressed({}, 10)];
    const { calls: served } = await simulate({ slots: SLOTS, calls, loadShedding: false });
    expect(goodput(served, 3000, 10_000)).toBeLessThan(0.1);
  });

  it('serves at its capacity with delivery at least once, each call once', async () => {
    const calls = [...calm(), ...pressed()];
    const { calls: served } = await simulate({ slots: SLOTS, calls, atLeastOnce: true });
    // A slot waits for the broker after each refusal.
    expect(goodput(served, 0, 25_000)).toBeGreaterThan(0.85);
    expect(served.filter(({ runs }) => runs > 1)).toEqual([]);
    expect(served.filter((it) => it.outcome === 'refused' && it.runs > 0)).toEqual([]);
  });

  it.each([
    [1, 0.88],
    [6, 0.75],
  ])('computes for callers that still wait, with a broker %i ms away', async (roundTrip, part) => {
    const facts = { need: 5 };
    const calls = [...calm(facts), ...callsOf({ to: 20_000, perSecond: 800 }, facts)];
    const { calls: served } = await simulate({ slots: 16, calls, computing: true, roundTrip });
    // The rest is the time of the refusals, and of the broker.
    expect(goodput(served, 0, 20_000, 200)).toBeGreaterThan(part);
    expect(count(served, 'late')).toBe(0);
    expect(percentile(served, 'in time', 0.99)).toBeLessThan(TIMEOUT_MS);
  });

  it.each([
    [false, 0.95],
    [true, 0.85],
  ])('serves at its capacity with one slot (at least once: %s)', async (atLeastOnce, part) => {
    const calls = [...calm(), ...callsOf({ to: 60_000, perSecond: 100 })];
    const { calls: served } = await simulate({ slots: 1, calls, atLeastOnce });
    expect(goodput(served, 0, 60_000, 25)).toBeGreaterThan(part);
  });

  it('serves at its capacity after half an hour', async () => {
    const facts = { need: 200 };
    const calls = [
      ...callsOf({ from: -20_000, to: -500, perSecond: 1 }, facts),
      ...callsOf({ to: HOUR / 2, perSecond: 20 }, facts),
    ];
    const { calls: served } = await simulate({ slots: 1, calls });
    expect(goodput(served, HOUR / 4, HOUR / 2, 5)).toBeGreaterThan(0.95);
  });

  it('serves at its capacity soon after it has restarted, with a queue full of calls', async () => {
    const calls = callsOf({ from: -1500, to: 15_000, perSecond: 4 * CAPACITY });
    const { calls: served } = await simulate({ slots: SLOTS, calls, started: 0 });
    expect(goodput(served, 4000, 14_000)).toBeGreaterThan(0.95);
  });

  it('serves at its capacity when callers come that it does not know', async () => {
    const known = callsOf({ to: 30_000, perSecond: 2 * CAPACITY });
    const others = Array.from({ length: 10 }, (_, n) =>
      callsOf({ from: 5000 + 1000 * n, to: 30_000, perSecond: CAPACITY / 5 }, { caller: `other${n}` }),
    );
    const calls = [...calm(), ...known, ...others.flat()].toSorted((a, b) => a.at - b.at);
    const { calls: served } = await simulate({ slots: SLOTS, calls });
    expect(goodput(served, 0, 30_000)).toBeGreaterThan(0.95);
  });
});

describe('a server that can serve all calls', () => {
  const busy = { to: 30_000, perSecond: 0.9 * CAPACITY };

  it.each([0, HOUR, -3000, 3000])('refuses none, when it has just started and clocks differ by %i ms', async (skew) => {
    const calls = callsOf(busy, { skew, timeout: 4000 });
    const { calls: served, log } = await simulate({ slots: SLOTS, calls });
    expect(count(served, 'in time')).toBe(calls.length);
    expect(log.lines).toEqual([]);
  });

  it('refuses none soon after an overload', async () => {
    const after = callsOf({ ...busy, from: 10_000 });
    const calls = [...calm(), ...callsOf({ to: 10_000, perSecond: 4 * CAPACITY }), ...after];
    const { calls: served } = await simulate({ slots: SLOTS, calls });
    expect(served.filter((it) => it.outcome !== 'in time' && it.at > 11_500)).toEqual([]);
  });

  /** Calls of a caller that is behind by about its timeout, so that they seem to come too late. */
  const seemLate = [0.9, 1, 1.1, 1.3, 1.6].flatMap((part) => [300, 1000, 5000].map((timeout) => ({ part, timeout })));
  const light = (slots: number, facts: Partial<SimulatedCall>) =>
    callsOf({ to: 10_000, perSecond: (0.4 * slots * 1000) / 8, seed: 7 }, { need: 8, ...facts });

  it.each([
    [1, false],
    [4, false],
    [1, true],
    [4, true],
  ])(
    'refuses none of a caller whose clock is behind, with %i slots (at least once: %s)',
    async (slots, atLeastOnce) => {
      for (const { part, timeout } of seemLate) {
        const calls = light(slots, { timeout, skew: -part * timeout });
        const { calls: served } = await simulate({ slots, calls, atLeastOnce });
        expect(served.filter(({ outcome }) => outcome !== 'in time')).toEqual([]);
      }
    },
  );

  it('refuses none of a caller whose clock is behind, with handlers that compute for 83 % of the time', async () => {
    for (const part of [0.9, 1.1, 1.6]) {
      const calls = callsOf(
        { to: 36_000, perSecond: 1000 / 6, seed: 7 },
        { need: 5, timeout: 1000, skew: -part * 1000 },
      );
      const { calls: served } = await simulate({ slots: 16, calls, computing: true });
      expect(served.filter(({ outcome }) => outcome !== 'in time')).toEqual([]);
    }
  });

  it('refuses none while requests that are delivered at most once hold as many slots as the prefetch limit', async () => {
    const long = { caller: 'b', atLeastOnce: false, need: 20_000, timeout: 60_000 };
    const calls = [
      { at: 0, ...long },
      { at: 1, ...long },
      ...callsOf({ from: 10, to: 15_000, perSecond: 40 }, { need: 8, timeout: 1000, skew: -1000 }),
    ];
    const { calls: served } = await simulate({ slots: 6, calls, atLeastOnce: true, prefetch: 2 });
    expect(served.filter(({ outcome }) => outcome !== 'in time')).toEqual([]);
  });

  it.each([10, 50, 200])(
    'serves a caller that was suspended again after a minute, at %i calls/s',
    async (perSecond) => {
      const interval = 1000 / perSecond;
      const facts = { need: interval / 20, timeout: 2000 };
      // At even intervals, so that the slot is never free for longer.
      const steady = (from: number, to: number, skew: number) =>
        Array.from({ length: (to - from) / interval }, (_, n) => ({ at: from + n * interval, ...facts, skew }));
      const calls = [...steady(0, 20_000, 0), ...steady(25_000, 120_000, -5000)];
      const { calls: served } = await simulate({ slots: 1, calls });
      expect(served.filter((it) => it.outcome !== 'in time' && (it.at < 25_000 || it.at > 85_000))).toEqual([]);
    },
  );

  it('serves a caller that was suspended again, while its calls wait for those of others', async () => {
    const facts = { need: 1, timeout: 2000 };
    const suspended = [
      ...callsOf({ to: 20_000, perSecond: 10, seed: 3 }, facts),
      ...callsOf({ from: 25_000, to: 130_000, perSecond: 10, seed: 4 }, { ...facts, skew: -5000 }),
    ];
    const others = Array.from({ length: 325 }, (_, n) => ({
      at: n * 400,
      need: 200,
      timeout: 2000,
      caller: 'b',
      tellsDeadline: false,
    }));
    const calls = [...suspended, ...others].sort((a, b) => a.at - b.at);
    const { calls: served } = await simulate({ slots: 1, calls });
    expect(served.filter((it) => it.outcome !== 'in time' && (it.at < 25_000 || it.at > 90_000))).toEqual([]);
  });

  it.each([false, true])(
    'serves again after an overload in which a clock was behind by 200 ms (at least once: %s)',
    async (atLeastOnce) => {
      const facts = { need: 80, timeout: 2000 };
      const calls = [
        ...callsOf({ to: 10_000, perSecond: 2, seed: 3 }, facts),
        ...callsOf({ from: 10_200, to: 110_000, perSecond: 100, seed: 4 }, { ...facts, skew: -200 }),
        ...callsOf({ from: 110_000, to: 170_000, perSecond: 16.7, seed: 5 }, { ...facts, skew: -200 }),
      ];
      const { calls: served } = await simulate({ slots: 1, prefetch: 1, roundTrip: 25, calls, atLeastOnce });
      // Still more than it can serve: one each 80 ms, and with delivery at least once each 105 ms.
      expect(goodput(served, 140_000, 170_000, atLeastOnce ? 9.5 : 12.5)).toBeGreaterThan(0.5);
    },
  );
});

describe('a server that has restarted in an overload, with handlers that compute', () => {
  it('serves at its capacity soon', async () => {
    const calls = callsOf({ from: -1500, to: 15_000, perSecond: 800 }, { need: 5 });
    const { calls: served } = await simulate({ slots: 16, calls, computing: true, started: 0 });
    expect(goodput(served, 4000, 14_000, 200)).toBeGreaterThan(0.85);
  });
});
