import type { PeerName } from '../peer.js';
import { type Spread, spread } from '../statistics.js';
import type { RoundFigures } from './rounds.js';

export type FigureName = keyof RoundFigures;
export type Summary = Record<FigureName, Spread>;
export type FiguresByPeer = Partial<Record<PeerName, RoundFigures[]>>;

export const FIGURES: readonly FigureName[] = [
  'p50Ms',
  'p99Ms',
  'callsPerSecond',
  'loadedP50Ms',
  'loadedP99Ms',
  'clientCpuMicros',
  'serverCpuMicros',
  'brokerCpuMicros',
  'brokerCores',
];

export function summarize(rounds: readonly RoundFigures[]): Summary {
  return perFigure((name) => spread(rounds.map((round) => round[name])));
}

/** The ratio of each round, not of the medians: only what was measured within the same seconds compares. */
export function ratios(figures: FiguresByPeer, of: PeerName, to: PeerName): Summary | undefined {
  const upper = figures[of];
  const lower = figures[to];
  if (!upper || !lower) return undefined;
  return perFigure((name) => spread(upper.map((round, index) => round[name] / (lower[index]?.[name] ?? Number.NaN))));
}

function perFigure(value: (name: FigureName) => Spread): Summary {
  return Object.fromEntries(FIGURES.map((name) => [name, value(name)])) as Summary;
}
