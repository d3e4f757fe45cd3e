import type { GoalResult } from '../goals.js';
import { type Spread, spread } from '../statistics.js';
import type { NotificationPeerName } from './peer.js';
import type { NotificationFiguresByPeer } from './rounds.js';
import type { NotificationFigures } from './running-peer.js';
import type { Soaked } from './soak.js';

export type NotificationFigureName = keyof NotificationFigures;
export type NotificationSummary = Record<NotificationFigureName, Spread>;

/** What the rounds with notifications come to. */
export interface NotificationComparison {
  rounds: number;
  figures: NotificationFiguresByPeer;
  summaries: Map<NotificationPeerName, NotificationSummary>;
  /** Of each round, where both were part of the run. */
  osloToFloor: NotificationSummary | undefined;
  soak: Soaked | undefined;
  goals: GoalResult[];
}

export function compareNotifications(
  figures: NotificationFiguresByPeer,
  soak: Soaked | undefined,
): NotificationComparison {
  const oslo = figures.get('oslo');
  const floor = figures.get('floor');
  const osloToFloor =
    oslo && floor
      ? perFigure((name) => oslo.map((round, index) => round[name] / (floor[index]?.[name] ?? Number.NaN)))
      : undefined;
  return {
    rounds: Math.max(0, ...[...figures.values()].map(({ length }) => length)),
    figures,
    summaries: new Map([...figures].map(([peer, rounds]) => [peer, perFigure((name) => rounds.map((it) => it[name]))])),
    osloToFloor,
    soak,
    goals: judge(osloToFloor, soak),
  };
}

function perFigure(values: (name: NotificationFigureName) => number[]): NotificationSummary {
  return {
    publishedPerSecond: spread(values('publishedPerSecond')),
    consumedPerSecond: spread(values('consumedPerSecond')),
    publisherCpuMicros: spread(values('publisherCpuMicros')),
    listenerCpuMicros: spread(values('listenerCpuMicros')),
  };
}

function judge(ratios: NotificationSummary | undefined, soak: Soaked | undefined): GoalResult[] {
  const results: GoalResult[] = [];
  if (ratios) {
    for (const [figure, word] of [
      ['publishedPerSecond', 'published'],
      ['consumedPerSecond', 'consumed'],
    ] as const) {
      const value = ratios[figure].median;
      results.push({ goal: `notifications ${word}/s at least 0.9 of floor`, value, met: value >= 0.9 });
    }
  }
  const [first] = soak?.memory ?? [];
  const last = soak?.memory.at(-1);
  if (first && last) {
    const value = last.heapBytes / first.heapBytes;
    results.push({ goal: 'memory after all batches at most 1.2 of the first', value, met: value <= 1.2 });
  }
  return results;
}
