import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { applyLoad, applyPace } from '../../../bench/running/load.js';
import { payloadOf, textOf } from '../../../bench/running/payload.js';

describe("the benchmark's load", () => {
  it('keeps the given number of calls in flight, makes the given total, and counts failures', async () => {
    let flying = 0;
    let most = 0;
    let made = 0;
    const call = async () => {
      made++;
      most = Math.max(most, ++flying);
      await sleep(1);
      flying--;
      if (made % 10 === 0) throw new Error(`refused ${made}`);
      return null;
    };
    const result = await applyLoad(call, { inFlight: 10, calls: 100 }, {});
    expect({ made, most }).toEqual({ made: 100, most: 10 });
    expect(result.answered + result.errors).toBe(100);
    expect(result.errors).toBeGreaterThan(0);
    expect(result.firstError).toMatch(/^Error: refused \d+$/);
  });

  it('includes the delay of calls that were due while the client was blocked', async () => {
    let calls = 0;
    const call = async () => {
      // The first call stops everything for a while, as a long collection of garbage does.
      if (calls++ === 0) for (const end = performance.now() + 200; performance.now() < end; );
      return null;
    };
    const { answered, keptUp, p50Ms } = await applyPace(call, { ratePerSecond: 500, seconds: 0.3 }, {});
    expect({ answered, keptUp }).toEqual({ answered: 150, keptUp: true });
    expect(p50Ms).toBeGreaterThan(20);
  });

  it('measures a call that is made in time from then on, at any rate', async () => {
    const { answered, p50Ms } = await applyPace(async () => null, { ratePerSecond: 10, seconds: 0.5 }, {});
    expect(answered).toBe(5);
    expect(p50Ms).toBeLessThan(50);
  });

  it('stops at a rate that the peer cannot keep', async () => {
    const { keptUp, answered } = await applyPace(() => sleep(300), { ratePerSecond: 200_000, seconds: 0.3 }, {});
    expect(keptUp).toBe(false);
    expect(answered).toBeGreaterThanOrEqual(5000);
  });

  it.each([100, 1000, 10_000, 1_000_000])('makes arguments of about %i bytes', (bytes) => {
    const size = JSON.stringify(payloadOf(bytes)).length;
    expect(Math.abs(size - bytes)).toBeLessThan(60);
    const textSize = Buffer.byteLength(JSON.stringify(textOf(bytes)));
    expect(Math.abs(textSize - bytes)).toBeLessThan(60 + bytes * 0.05);
  });
});
