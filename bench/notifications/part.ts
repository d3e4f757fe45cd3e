import type { PeerName } from '../peer.js';
import type { Session } from '../session.js';
import { type Spread, spread } from '../statistics.js';
import { NOTIFICATION_PEERS, type NotificationPeerName } from './peer.js';
import { runNotificationRounds } from './rounds.js';
import { type NotificationFigures, RunningNotificationPeer } from './running-peer.js';
import type { Soaked } from './soak.js';

export type NotificationFigureName = keyof NotificationFigures;
export type NotificationSummary = Record<NotificationFigureName, Spread>;

/** What the rounds with notifications come to. */
export interface NotificationsResult {
  rounds: number;
  peers: Partial<Record<NotificationPeerName, { summary: NotificationSummary; rounds: NotificationFigures[] }>>;
  /** This library to bare amqplib, of each round; null where not both were part of the run. */
  ratio: NotificationSummary | null;
  soak: Soaked | null;
}

/** Those of the named peers that have notifications publish and consume them. */
export async function runNotifications(session: Session): Promise<NotificationsResult> {
  const { broker, plan, say } = session;
  const names = NOTIFICATION_PEERS.filter((name) => session.peers.includes(name satisfies PeerName));
  const peers: RunningNotificationPeer[] = [];
  try {
    for (const name of names) peers.push(await RunningNotificationPeer.start(name, broker.url));
    const figures = await runNotificationRounds(peers, plan.notifications, say);
    const oslo = peers.find(({ name }) => name === 'oslo');
    const { soak, inFlight } = plan.notifications;
    if (oslo && soak > 0) say(`soak        oslo, ${soak} notifications in batches`);
    return {
      rounds: plan.notifications.rounds,
      peers: Object.fromEntries(
        [...figures].map(([name, rounds]) => [
          name,
          { summary: perFigure((figure) => rounds.map((it) => it[figure])), rounds },
        ]),
      ),
      ratio: ratio(figures.get('oslo'), figures.get('floor')),
      soak: oslo && soak > 0 ? await oslo.soak(soak, inFlight) : null,
    };
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    await broker.deleteQueues(peers.map(({ place }) => `${place.topic}.info`));
  }
}

function ratio(
  oslo: NotificationFigures[] | undefined,
  floor: NotificationFigures[] | undefined,
): NotificationSummary | null {
  if (!oslo || !floor) return null;
  return perFigure((name) => oslo.map((round, index) => round[name] / (floor[index]?.[name] ?? Number.NaN)));
}

function perFigure(values: (name: NotificationFigureName) => number[]): NotificationSummary {
  return {
    publishedPerSecond: spread(values('publishedPerSecond')),
    consumedPerSecond: spread(values('consumedPerSecond')),
    publisherCpuMicros: spread(values('publisherCpuMicros')),
    listenerCpuMicros: spread(values('listenerCpuMicros')),
  };
}
