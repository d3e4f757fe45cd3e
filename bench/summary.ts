import type { PeerName } from './peer.js';
import type { FiguresByPeer, RoundFigures } from './rounds.js';
import { type Spread, spread } from './statistics.js';

export type FigureName = keyof RoundFigures;
export type Summary = Record<FigureName, Spread>;

export function summarize(rounds: readonly RoundFigures[]): Summary {
  return perFigure((name) => spread(rounds.map((round) => round[name])));
}

/** The ratio of each round, not of the medians: only what was measured within the same seconds compares. */
export function ratios(figures: FiguresByPeer, of: PeerName, to: PeerName): Summary | undefined {
  const upper = figures.get(of);
  const lower = figures.get(to);
  if (!upper || !lower) return undefined;
  return perFigure((name) => spread(upper.map((round, index) => round[name] / (lower[index]?.[name] ?? Number.NaN))));
}

function perFigure(value: (name: FigureName) => Spread): Summary {
  return {
    p50Ms: value('p50Ms'),
    p99Ms: value('p99Ms'),
    callsPerSecond: value('callsPerSecond'),
    clientCpuMicrosPerCall: value('clientCpuMicrosPerCall'),
    serverCpuMicrosPerCall: value('serverCpuMicrosPerCall'),
  };
}
