import { sum } from '../statistics.js';
import type { FleetPeer } from './fleet.js';
import { type ReconnectRule, randomOf, type StormOutcome, simulate } from './storm-simulation.js';

/** Longest pause after a loss, in milliseconds. `kombuReconnectSplay` is another one. */
const SPREAD_MS = 250;

const spreadRule = (spread: number): ReconnectRule => ({
  atLoss: (random) => random() * spread,
  afterFailure: (failures, random) => Math.min(3000, 1000 + 2000 * (failures - 1)) * (0.25 + 0.75 * random()),
  timeout: (late) => 5000 * Math.min(2 ** late, 4),
});

/** Rules of the libraries with their default options. */
const RULES: Readonly<Record<FleetPeer, ReconnectRule>> = {
  oslo: spreadRule(SPREAD_MS),
  // kombu_reconnect_delay of 1 s, and kombu's interval. Nothing is random.
  'oslo-python': {
    atLoss: () => 2000,
    afterFailure: (failures) => 1000 + Math.min(31_000, 1000 + 2000 * (failures - 1)),
    timeout: () => 30_000,
  },
};

const STORMS = 5;

/** Returns the slope of the line that fits best: the cost of one more. */
export function slopeOf(points: readonly { x: number; y: number }[]): number {
  const meanX = sum(points.map(({ x }) => x)) / points.length;
  const meanY = sum(points.map(({ y }) => y)) / points.length;
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2));
  return sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
}

/** Figures of a measured storm from which others are forecast. */
export interface Costs {
  readonly peer: FleetPeer;
  readonly connectionsPerService: number;
  readonly brokerMillisPerService: number;
  readonly loginPart: number;
  readonly outage: number;
  readonly cores: number;
}

/**
 * Returns the mean of simulated storms of that many services, with the default options of the library. The outages are
 * from three quarters to five quarters of the given one: its end may be just before an attempt, or just after it.
 * @param spread longest pause of this library after a loss, in milliseconds
 */
export function forecast({ peer, outage, ...costs }: Costs, services: number, spread?: number): StormOutcome {
  const rule = spread === undefined ? RULES[peer] : spreadRule(spread);
  const storms = Array.from({ length: STORMS }, (_, index) => {
    const length = outage * (0.75 + (0.5 * index) / (STORMS - 1));
    return simulate({ ...costs, outage: length, services, rule }, randomOf(index + 1));
  });
  const mean = (read: (storm: StormOutcome) => number) => sum(storms.map(read)) / STORMS;
  return {
    halfServing: mean((storm) => storm.halfServing),
    allServing: mean((storm) => storm.allServing),
    busiest: mean((storm) => storm.busiest),
    timeouts: mean((storm) => storm.timeouts),
  };
}
