import type { Plan } from '../plan.js';
import type { NotificationPeerName } from './peer.js';
import type { NotificationFigures, RunningNotificationPeer } from './running-peer.js';

export type NotificationFiguresByPeer = Map<NotificationPeerName, NotificationFigures[]>;

type Say = (line: string) => void;

/** Rounds go across the peers, each of which is the first in every other one. */
export async function runNotificationRounds(
  peers: readonly RunningNotificationPeer[],
  { inFlight, warmUp, rounds, seconds }: Plan['notifications'],
  say: Say,
): Promise<NotificationFiguresByPeer> {
  for (const peer of peers) {
    say(`warm-up     ${peer.name}, notifications`);
    await peer.measure({ inFlight, seconds: warmUp / 2 });
  }
  const figures: NotificationFiguresByPeer = new Map(peers.map((peer) => [peer.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 ? [...peers].reverse() : peers) {
      const measured = await peer.measure({ inFlight, seconds });
      figures.get(peer.name)?.push(measured);
      const { publishedPerSecond, consumedPerSecond } = measured;
      const rates = `${Math.round(publishedPerSecond)} published/s, ${Math.round(consumedPerSecond)} consumed/s`;
      say(`notifications ${round + 1} of ${rounds}  ${peer.name.padEnd(8)}  ${rates}`);
    }
  }
  return figures;
}
