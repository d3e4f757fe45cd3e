import { describe, expect, it } from 'vitest';
import { forecast, slopeOf } from '../../../bench/fleet/forecast.js';
import {
  busiestWindow,
  type ReconnectRule,
  randomOf,
  type Storm,
  simulate,
} from '../../../bench/fleet/storm-simulation.js';

const half = () => 0.5;
const rule: ReconnectRule = { atLoss: () => 0, afterFailure: () => 1000, timeout: () => 5000 };
const storm: Storm = {
  services: 10,
  connectionsPerService: 2,
  outage: 0,
  brokerMillisPerService: 100,
  loginPart: 0.5,
  cores: 2,
  rule,
};

describe("the benchmark's simulated storm", () => {
  it('lasts as long as the broker works, where all connections arrive at once', () => {
    // 10 services of 100 ms of CPU, on two cores, which all of them share.
    expect(simulate(storm, half)).toEqual({ halfServing: 500, allServing: 500, busiest: 20, timeouts: 0 });
  });

  it('begins with the first attempt after the outage', () => {
    const outcome = simulate({ ...storm, outage: 2500, brokerMillisPerService: 0 }, half);
    expect(outcome).toEqual({ halfServing: 500, allServing: 500, busiest: 20, timeouts: 0 });
  });

  it('waits for the delays of a rule that grow', () => {
    const grown = { ...rule, afterFailure: (failures: number) => 1000 * failures };
    // Attempts after 0, 1, 3 and 6 s.
    expect(simulate({ ...storm, outage: 3500, brokerMillisPerService: 0, rule: grown }, half).allServing).toBe(2500);
  });

  it('spreads logins by jitter', () => {
    const even = { ...rule, atLoss: (random: () => number) => 1000 * random() };
    const spread = simulate({ ...storm, brokerMillisPerService: 1, rule: even }, randomOf(1));
    expect(spread.busiest).toBeLessThan(10);
    expect(spread.allServing).toBeGreaterThan(500);
    expect(spread.allServing).toBeLessThan(1001);
  });

  it('serves most services earlier where they do not come at once', () => {
    const even = { ...rule, atLoss: (random: () => number) => 500 * random() };
    const spread = simulate({ ...storm, rule: even }, randomOf(1));
    expect(spread.halfServing).toBeLessThan(480);
    expect(spread.allServing).toBeLessThan(700);
  });

  it('repeats the logins that the broker does not answer in time', () => {
    const slow = { ...storm, brokerMillisPerService: 1100, loginPart: 1 };
    expect(simulate({ ...slow, rule: { ...rule, timeout: () => 5600 } }, half).timeouts).toBe(0);
    const { timeouts, allServing } = simulate(
      { ...slow, rule: { ...rule, afterFailure: (_, random) => 9000 * random() } },
      randomOf(1),
    );
    // After 5 s none of the 20 is logged in. They come again at different times.
    expect(timeouts).toBe(20);
    expect(allServing).toBeGreaterThan(10_000);
    expect(allServing).toBeLessThan(20_000);
    expect(simulate({ ...slow, loginPart: 0.5 }, half).timeouts).toBe(0);
  });

  it('gives attempts more time where the rule does', () => {
    const slow = {
      ...storm,
      brokerMillisPerService: 1100,
      loginPart: 1,
      rule: { ...rule, timeout: (late: number) => 5000 + 1000 * late },
    };
    // All come again after 6 s, have 6 s then, and need 5.5.
    expect(simulate(slow, half)).toMatchObject({ allServing: 11_500, timeouts: 20 });
  });

  it('says so where the fleet never serves again', () => {
    const never = simulate({ ...storm, outage: Number.POSITIVE_INFINITY }, half);
    expect(never.allServing).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the benchmark's forecast", () => {
  it('is the same for the same costs, and longer for more services', () => {
    const costs = {
      peer: 'oslo',
      connectionsPerService: 2,
      brokerMillisPerService: 20,
      loginPart: 0.3,
      outage: 8000,
      cores: 1,
    } as const;
    expect(forecast(costs, 30)).toEqual(forecast(costs, 30));
    expect(forecast(costs, 60).allServing).toBeGreaterThan(forecast(costs, 30).allServing);
  });

  it('takes the cost of a service from the slope of a line', () => {
    expect(slopeOf([0, 10, 20].map((x) => ({ x, y: 7 + 3 * x })))).toBeCloseTo(3);
  });
});

describe("the benchmark's busiest window", () => {
  it('holds the most times within 100 ms', () => {
    expect(busiestWindow([])).toBe(0);
    expect(busiestWindow([0, 50, 99, 100, 250])).toBe(3);
    expect(busiestWindow([0, 99])).toBe(2);
    expect(busiestWindow([0, 100])).toBe(1);
  });
});
