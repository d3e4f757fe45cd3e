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
const rule: ReconnectRule = { atLoss: () => 0, afterFailure: () => 1000, timeout: 5000 };
const storm: Storm = { services: 10, connectionsPerService: 2, outage: 0, brokerMillisPerService: 100, cores: 2, rule };

describe("the benchmark's simulated storm", () => {
  it('lasts as long as the broker works, where all connections arrive at once', () => {
    // 10 services of 100 ms of CPU, on two cores. The first connections of all services come before the second ones.
    expect(simulate(storm, half)).toEqual({ halfServing: 375, allServing: 500, busiest: 20, timeouts: 0 });
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

  it('repeats the attempts that the broker does not answer in time', () => {
    const slow = simulate({ ...storm, brokerMillisPerService: 2000 }, half);
    // A login takes half a second. Ten of them fit into the timeout, and the other ten are repeated after six seconds.
    expect(slow).toEqual({ halfServing: 8500, allServing: 11_000, busiest: 20, timeouts: 10 });
  });

  it('loses no time of the broker to attempts that were given up before their turn', () => {
    const { allServing, timeouts } = simulate({ ...storm, services: 100, brokerMillisPerService: 1000 }, randomOf(1));
    // 50 s of work, and at most the second between a timeout and the next attempt for each round.
    expect(timeouts).toBeGreaterThan(500);
    expect(allServing).toBeLessThan(70_000);
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
      brokerMillisPerService: 40,
      outage: 8000,
      cores: 2,
    } as const;
    expect(forecast(costs, 200)).toEqual(forecast(costs, 200));
    expect(forecast(costs, 1000).allServing).toBeGreaterThan(forecast(costs, 200).allServing);
  });

  it('takes the cost of a service from the slope of a line', () => {
    expect(slopeOf([0, 10, 20].map((x) => ({ x, y: 7 + 3 * x })))).toBeCloseTo(3);
  });
});

describe("the benchmark's busiest window", () => {
  it('holds the most times within 100 ms', () => {
    expect(busiestWindow([])).toBe(0);
    expect(busiestWindow([0, 50, 99, 100, 250])).toBe(3);
  });
});
