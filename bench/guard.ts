import type { CallsRound } from './parts/calls.js';
import type { Results } from './parts/parts.js';
import type { PeerName } from './peers/peer.js';

/** Ratios of this library to its peers, by name. Above 1 is better, whatever the figure. */
export type Ratios = Record<string, number>;

/** Part of a ratio that may be lost before it counts as fallen. */
const TOLERANCE = 0.15;

/** Figures that a short run can tell from noise. The 99th percentiles are not among them. */
const GUARDED: readonly [figure: keyof CallsRound, peer: PeerName, word: string, better: 'more' | 'less'][] = [
  ['callsPerSecond', 'floor', 'calls/s', 'more'],
  ['callsPerSecond', 'nest-rmq', 'calls/s', 'more'],
  ['p50Ms', 'floor', 'p50', 'less'],
  ['clientCpuMicros', 'floor', 'client CPU', 'less'],
  ['serverCpuMicros', 'floor', 'server CPU', 'less'],
];

export function ratiosOf({ calls, notifications, memory }: Results): Ratios {
  const found: Ratios = {};
  for (const [figure, peer, word, better] of GUARDED) {
    const ratio = calls?.ratios[peer]?.[figure].median;
    if (ratio) found[`${word} beside ${peer}`] = better === 'more' ? ratio : 1 / ratio;
  }
  if (notifications) {
    found['notifications published beside floor'] = notifications.ratio.publishedPerSecond.median;
    found['notifications consumed beside floor'] = notifications.ratio.consumedPerSecond.median;
  }
  if (memory) {
    found['memory:// calls/s beside TCP'] = memory.toTcp.callsPerSecond;
    found['memory:// p50 beside TCP'] = 1 / memory.toTcp.p50Ms;
    found['memory:// calls/s beside RabbitMQ'] = memory.callsToRabbit;
  }
  return found;
}

/** Returns the names of the stored ratios that have fallen. A ratio that is no longer measured counts as fallen. */
export function fallen(stored: Ratios, now: Ratios): string[] {
  return Object.keys(stored).filter((name) => !((now[name] ?? 0) >= (stored[name] ?? 0) * (1 - TOLERANCE)));
}

/** Returns the better of two measurements of each ratio: a busy machine lowers one of them, the library both. */
export function better(one: Ratios, other: Ratios): Ratios {
  const names = [...Object.keys(one), ...Object.keys(other)];
  return Object.fromEntries(names.map((name) => [name, Math.max(one[name] || 0, other[name] || 0)]));
}
