import { sum } from '../statistics.js';
import type { FleetPeer } from './fleet.js';
import { RULES, spreadRule } from './reconnect-rules.js';
import { randomOf, type StormOutcome, simulate } from './storm-simulation.js';

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
