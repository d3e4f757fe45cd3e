import { PEERS } from '../peers/peer.js';
import { measureRounds } from '../rounds.js';
import type { Session } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, tableOf } from '../table.js';

/** Figures of one round. The notifications that it publishes are consumed within it. */
interface NotificationsRound {
  publishedPerSecond: number;
  consumedPerSecond: number;
}

export interface NotificationsResult {
  peers: Record<'floor' | 'oslo', Spreads<NotificationsRound>>;
  /** This library to bare amqplib. */
  ratio: Spreads<NotificationsRound>;
  /** Heap of a listener of batches at evenly spread times, in bytes. Null in a quick run. */
  soak: number[] | null;
}

/** Publishes and consumes notifications by bare amqplib and by this library. Nest's transport has none. */
export function runNotifications(session: Session): Promise<NotificationsResult> {
  const { inFlight, warmUp, rounds, seconds, soak } = session.plan.notifications;
  const options = {
    title: 'notifications',
    subjects: { floor: { peer: 'floor-notifications' }, oslo: { peer: 'oslo-notifications' } } as const,
    warmUp: (subject: Subject) => publishAndConsume(subject, inFlight, warmUp / 2),
    rounds,
    steps: [(subject: Subject) => publishAndConsume(subject, inFlight, seconds)],
    headline: (it: NotificationsRound) =>
      `${Math.round(it.publishedPerSecond)} published/s, ${Math.round(it.consumedPerSecond)} consumed/s`,
  };
  return measureRounds(session, options, async ({ floor, oslo }, subjects) => {
    if (soak > 0) session.say(`soak        ${soak} notifications in batches`);
    return {
      peers: { floor: spreads(floor), oslo: spreads(oslo) },
      ratio: ratios(oslo, floor),
      soak: soak > 0 ? await subjects.oslo.soak(soak, inFlight) : null,
    };
  });
}

/** Publishes for a time, then consumes all of it, so that neither disturbs the other. */
async function publishAndConsume(subject: Subject, inFlight: number, seconds: number): Promise<NotificationsRound> {
  const { answered, callsPerSecond } = await subject.measure({ inFlight, seconds });
  return { publishedPerSecond: callsPerSecond, consumedPerSecond: answered / (await subject.drain(answered)) };
}

export function notificationsDocuments({
  peers: { floor, oslo },
  ratio,
}: NotificationsResult): Record<string, Block[]> {
  const rows = [
    { label: 'published and confirmed/s', name: 'publishedPerSecond' },
    { label: 'consumed and acknowledged/s', name: 'consumedPerSecond' },
  ] as const;
  const table = tableOf(rows, {
    notifications: ({ label }) => label,
    [PEERS.floor.title]: ({ name }) => figure(floor[name], 'thousands'),
    [PEERS.oslo.title]: ({ name }) => figure(oslo[name], 'thousands'),
    ratio: ({ name }) => figure(ratio[name], 2),
  });
  return { notifications: [table] };
}
