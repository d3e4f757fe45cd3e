import type { FigureName } from './calls/summary.js';
import type { Results } from './parts.js';
import type { PeerName } from './peer.js';

/** How this library does beside the others: above 1 is better than they do, whatever the figure. */
export type Advantages = Record<string, number>;

/** A ratio that falls by more than this has fallen. */
const TOLERANCE = 0.15;

/** Those that the short runs of a check can tell from the noise: the 99th percentiles are not among them. */
const GUARDED: readonly [figure: FigureName, peer: PeerName, word: string, good: 'more' | 'less'][] = [
  ['callsPerSecond', 'floor', 'calls/s', 'more'],
  ['callsPerSecond', 'nest-rmq', 'calls/s', 'more'],
  ['p50Ms', 'floor', 'p50', 'less'],
  ['clientCpuMicros', 'floor', 'client CPU', 'less'],
  ['serverCpuMicros', 'floor', 'server CPU', 'less'],
];

export function advantages({ calls, notifications, memory }: Results): Advantages {
  const found: Advantages = {};
  for (const [figure, peer, word, good] of GUARDED) {
    const ratio = calls?.ratios[peer]?.[figure].median;
    if (ratio) found[`${word} beside ${peer}`] = good === 'more' ? ratio : 1 / ratio;
  }
  const ratio = notifications?.ratio;
  if (ratio) {
    found['notifications published beside floor'] = ratio.publishedPerSecond.median;
    found['notifications consumed beside floor'] = ratio.consumedPerSecond.median;
  }
  if (memory) {
    found['memory:// calls/s beside TCP'] = memory.toTcp.callsPerSecond;
    found['memory:// p50 beside TCP'] = 1 / memory.toTcp.p50Ms;
    found['memory:// calls/s beside RabbitMQ'] = memory.callsToRabbit;
  }
  return found;
}

export interface Fall {
  name: string;
  stored: number;
  now: number;
}

/** Those that have fallen. One that is no longer measured has fallen to NaN: a guard must not be blind. */
export function falls(stored: Advantages, now: Advantages): Fall[] {
  return Object.entries(stored)
    .map(([name, value]) => ({ name, stored: value, now: now[name] ?? Number.NaN }))
    .filter((it) => !(it.now >= it.stored * (1 - TOLERANCE)));
}

/** The better of two measurements: what a busy machine did to one of them, it does not to the library. */
export function better(one: Advantages, other: Advantages): Advantages {
  const names = [...Object.keys(one), ...Object.keys(other)];
  const best = (name: string) => Math.max(...[one[name], other[name]].map((value) => (value && value > 0 ? value : 0)));
  return Object.fromEntries(names.map((name) => [name, best(name)]));
}
