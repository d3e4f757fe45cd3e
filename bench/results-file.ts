import { writeFile } from 'node:fs/promises';
import type { Comparison } from './comparison.js';
import type { Machine } from './machine.js';
import type { NotificationComparison } from './notifications/comparison.js';
import type { FiguresByPeer } from './rounds.js';
import { rounded } from './statistics.js';

/** Everything that the printed report says, and the rounds that it was made of. */
export async function writeResults(
  path: string,
  machine: Machine,
  figures: FiguresByPeer,
  comparison: Comparison,
  notifications: NotificationComparison | undefined,
): Promise<void> {
  const peers = [...figures].map(
    ([peer, rounds]) => [peer, { summary: comparison.summaries.get(peer), rounds }] as const,
  );
  const results = {
    date: new Date().toISOString(),
    machine,
    plan: comparison.plan,
    peers: Object.fromEntries(peers),
    ratios: { 'oslo/floor': comparison.ratios.floor, 'oslo/nest-rmq': comparison.ratios['nest-rmq'] },
    floods: comparison.floods,
    notifications: notifications && {
      peers: Object.fromEntries(
        [...notifications.figures].map(([peer, rounds]) => [
          peer,
          { summary: notifications.summaries.get(peer), rounds },
        ]),
      ),
      ratios: { 'oslo/floor': notifications.osloToFloor },
      soak: notifications.soak,
    },
    goals: [...comparison.goals, ...(notifications?.goals ?? [])],
  };
  await writeFile(path, `${JSON.stringify(results, shortNumbers, 2)}\n`);
}

function shortNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value;
}
