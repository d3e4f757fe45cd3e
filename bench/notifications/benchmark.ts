import type { Broker } from '../broker.js';
import type { PeerName } from '../peer.js';
import type { Plan } from '../plan.js';
import { compareNotifications, type NotificationComparison } from './comparison.js';
import { NOTIFICATION_PEERS } from './peer.js';
import { runNotificationRounds } from './rounds.js';
import { RunningNotificationPeer } from './running-peer.js';

/** Those of the named peers that have notifications, to be published and consumed. */
export class NotificationBenchmark {
  private constructor(private readonly peers: readonly RunningNotificationPeer[]) {}

  /** All of the peers, or none. */
  static async start(names: readonly PeerName[], url: string): Promise<NotificationBenchmark> {
    const wanted = NOTIFICATION_PEERS.filter((name) => names.includes(name));
    const outcomes = await Promise.allSettled(wanted.map((name) => RunningNotificationPeer.start(name, url)));
    const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return new NotificationBenchmark(started);
    await Promise.all(started.map((peer) => peer.stop()));
    throw failed.reason;
  }

  /** Undefined when there is nobody to compare. */
  async run(plan: Plan, say: (line: string) => void): Promise<NotificationComparison | undefined> {
    if (this.peers.length === 0) return undefined;
    const figures = await runNotificationRounds(this.peers, plan, say);
    const oslo = this.peers.find(({ name }) => name === 'oslo');
    if (!oslo || plan.soakNotifications === 0) return compareNotifications(figures, undefined);
    say(`soak        oslo, ${plan.soakNotifications} notifications in batches`);
    return compareNotifications(figures, await oslo.soak(plan.soakNotifications, plan.inFlight));
  }

  async stop(broker: Broker): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()));
    await broker.deleteQueues(this.peers.map(({ place }) => `${place.topic}.info`));
  }
}
