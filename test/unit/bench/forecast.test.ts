import { describe, expect, it, vi } from 'vitest';
import { type Costs, forecast } from '../../../bench/fleet/forecast.js';
import { RULES } from '../../../bench/fleet/reconnect-rules.js';
import { type ReconnectRule, randomOf, simulate } from '../../../bench/fleet/storm-simulation.js';
import { documents, type FleetResult } from '../../../bench/parts/fleet.js';
import type { Table } from '../../../bench/table.js';
import { rabbitSettings } from '../../../lib/core/rabbit-settings.js';
import { ReconnectDelays } from '../../../lib/drivers/rabbit/connection/reconnect-delays.js';
import { fleetResults } from './figures.js';

/** One service with one connection, at a broker without work. */
const idle: Costs = {
  peer: 'oslo-python',
  connectionsPerService: 1,
  brokerMillisPerService: 0,
  loginPart: 0,
  outage: 0,
  cores: 1,
};

describe("the forecast's rule of this library", () => {
  it.each([0, 0.25, 1])('has the delays of this library, with a random part of %f', (part) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(part);
    const delays = new ReconnectDelays(rabbitSettings({}));
    expect(RULES.oslo.atLoss(random)).toBe(delays.before('soon'));
    for (let failures = 1; failures <= 4; failures++) {
      const attempt = { repetition: failures - 1 } as Exclude<Parameters<typeof delays.before>[0], 'soon'>;
      expect(RULES.oslo.afterFailure(failures, random), `${failures} failures`).toBeCloseTo(delays.before(attempt));
    }
  });

  it('has the timeout of this library, which doubles up to four times', () => {
    const { connectTimeout } = rabbitSettings({});
    const factors = [0, 1, 2, 3].map((late) => RULES.oslo.timeout(late) / connectTimeout);
    expect(factors).toEqual([1, 2, 4, 4]);
  });
});

describe("the forecast's rule of oslo.messaging", () => {
  it('waits for 2, 2, 4, 6 … seconds', () => {
    // Attempts after 2, 4, 8 and 14 s. The outages last for 7.5, 8.75, 10, 11.25 and 12.5 s,
    // and the service is back 0.5, 5.25, 4, 2.75 and 1.5 s after their end.
    const serving = 14_000 / 5;
    expect(forecast({ ...idle, outage: 10_000 }, 1)).toEqual({
      halfServing: serving,
      allServing: serving,
      busiest: 1,
      timeouts: 0,
    });
  });

  it('waits for 32 seconds at most', () => {
    // Attempts after 2 + n(n + 1) s, up to 274 s for n = 16, then 306, 338, 370 and 402 s. The outages last for 225, 262.5,
    // 300, 337.5 and 375 s, and the service is back 17, 11.5, 6, 0.5 and 27 s after their end.
    expect(forecast({ ...idle, outage: 300_000 }, 1).allServing).toBe(62_000 / 5);
  });

  it('gives up a login after 30 seconds', () => {
    const login = { ...idle, loginPart: 1 };
    const served = forecast({ ...login, brokerMillisPerService: 29_900 }, 1);
    expect(served).toMatchObject({ allServing: 31_900, timeouts: 0 });
    const never = forecast({ ...login, brokerMillisPerService: 30_100 }, 1);
    expect(never.allServing).toBe(Number.POSITIVE_INFINITY);
    expect(never.timeouts).toBeGreaterThan(1);
  });
});

describe("the forecast's storms", () => {
  it.each([
    ['by default', 250, undefined],
    ['with another longest pause', 20_000, 20_000],
  ])('are five of different random numbers, %s', (_when, longest, spread) => {
    const storms = [1, 2, 3, 4, 5].map((seed) => {
      const random = randomOf(seed);
      return [random(), random(), random()].sort((a, b) => a - b) as [number, number, number];
    });
    // Three services that are back after their pause: half of them with the second one.
    const mean = (index: 1 | 2) => storms.reduce((sum, pauses) => sum + pauses[index] * longest, 0) / storms.length;
    const { halfServing, allServing } = forecast({ ...idle, peer: 'oslo' }, 3, spread);
    expect(halfServing).toBeCloseTo(mean(1));
    expect(allServing).toBeCloseTo(mean(2));
  });

  it('take their random numbers from mulberry32', () => {
    const random = randomOf(1);
    const found = [random(), random(), random()];
    const expected = [0.6270739405881613, 0.002735721180215478, 0.5274470399599522];
    expect(found).toEqual(expected);
  });

  it('are simulated for ten minutes', () => {
    const storm = { ...idle, services: 1 };
    const pausing = (pause: number): ReconnectRule => ({ ...RULES['oslo-python'], atLoss: () => pause });
    expect(simulate({ ...storm, rule: pausing(599_999) }, Math.random).allServing).toBe(599_999);
    expect(simulate({ ...storm, rule: pausing(600_000) }, Math.random).allServing).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the forecast's table", () => {
  /**
   * A fleet of 100 services. The broker has used one core for 3 s where all connections were cut, half of the time for
   * logins, and two cores for 4 s after a restart.
   */
  function fleet(dropMs = 3000): FleetResult {
    const [plain] = Object.values(fleetResults().peers);
    if (!plain) throw new Error('no fleet');
    const { drop } = plain.dense.storms;
    const storms = {
      drop: { ...drop, servingAllMs: dropMs, loginLastMs: dropMs / 2, brokerMillisPerService: 30 },
      restart: { ...drop, outageMs: 1000, servingAllMs: 4000, loginLastMs: 4000, brokerMillisPerService: 80 },
    };
    const peer = { ...plain, dense: { ...plain.dense, services: 100, storms } };
    return { peers: { oslo: peer, 'oslo-python': peer } };
  }

  function rowsOf(result: FleetResult): string[][] {
    const [table] = documents(result)['fleet-forecast'] as [Table];
    return table.rows.map((row) => [...row]);
  }

  it('takes the work of the broker from the measured fleet', () => {
    // All come 2 s after the loss. The work then takes as much longer than that for the measured fleet as there are services.
    const python = rowsOf(fleet()).map(([title, , figures]) => [title, figures]);
    expect(python).toEqual([
      ['200 services, the broker restarts: half / all, s', '9.0 / 9.0'],
      ['1000 services, the broker restarts: half / all, s', '41.0 / 41.0'],
      ['200 services, all connections are cut: half / all, s', '8.0 / 8.0'],
      ['1000 services, all connections are cut: half / all, s', '32.0 / 32.0'],
      ['1000 services, all connections are cut, `kombuReconnectSplay` of 20 s', 'no such delay'],
    ]);
  });

  it('has the splay where the broker is idle', () => {
    const [, figures] = rowsOf(fleet(100)).at(-1) ?? [];
    const [half = Number.NaN, all = Number.NaN] = figures?.split(' / ').map(Number) ?? [];
    // A service has two connections: half of the services have theirs at √½ of the longest pause.
    expect(half).toBeGreaterThan(13.5);
    expect(half).toBeLessThan(14.8);
    expect(all).toBeGreaterThan(19.8);
    expect(all).toBeLessThan(20.2);
  });
});
