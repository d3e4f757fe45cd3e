import { PEERS } from '../peers/peer.js';
import { inRounds, type Session } from '../rounds.js';
import type { Soaked } from '../running/soak.js';
import { type Subject, withSubjects } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure } from '../table.js';

/** Figures of one round. The notifications that it publishes are consumed within it. */
export interface NotificationsRound {
  publishedPerSecond: number;
  consumedPerSecond: number;
  publisherCpuMicros: number;
  listenerCpuMicros: number;
}

interface PeerNotifications {
  summary: Spreads<NotificationsRound>;
  rounds: NotificationsRound[];
}

export interface NotificationsResult {
  rounds: number;
  peers: { floor: PeerNotifications; oslo: PeerNotifications };
  /** This library to bare amqplib. */
  ratio: Spreads<NotificationsRound>;
  soak: Soaked | null;
}

const SETTINGS = { floor: { peer: 'floor-notifications' }, oslo: { peer: 'oslo-notifications' } } as const;

/** Publishes and consumes notifications by bare amqplib and by this library. Nest's transport has none. */
export async function runNotifications(session: Session): Promise<NotificationsResult> {
  const { inFlight, warmUp, rounds, seconds, soak } = session.plan.notifications;
  return withSubjects(session, SETTINGS, async (subjects) => {
    session.say('warm-up     notifications');
    for (const subject of Object.values(subjects)) await publishAndConsume(subject, inFlight, warmUp / 2);
    const { floor, oslo } = await inRounds(
      subjects,
      {
        title: 'notifications',
        rounds,
        steps: [(subject: Subject) => publishAndConsume(subject, inFlight, seconds)],
        headline: (it: NotificationsRound) =>
          `${Math.round(it.publishedPerSecond)} published/s, ${Math.round(it.consumedPerSecond)} consumed/s`,
      },
      session.say,
    );
    if (soak > 0) session.say(`soak        ${soak} notifications in batches`);
    return {
      rounds,
      peers: { floor: { summary: spreads(floor), rounds: floor }, oslo: { summary: spreads(oslo), rounds: oslo } },
      ratio: ratios(oslo, floor),
      soak: soak > 0 ? await subjects.oslo.soak(soak, inFlight) : null,
    };
  });
}

/** Publishes for a time, then consumes all of it, so that neither disturbs the other. */
async function publishAndConsume(subject: Subject, inFlight: number, seconds: number): Promise<NotificationsRound> {
  const published = await subject.measure({ inFlight, seconds });
  const drained = await subject.drain(published.answered);
  return {
    publishedPerSecond: published.callsPerSecond,
    consumedPerSecond: published.answered / drained.seconds,
    publisherCpuMicros: published.clientCpuMicrosPerCall,
    listenerCpuMicros: drained.cpuMicros / published.answered,
  };
}

export function notificationsDocuments({
  peers: { floor, oslo },
  ratio,
}: NotificationsResult): Record<string, Block[]> {
  const row = (label: string, name: keyof NotificationsRound) => [
    label,
    figure(floor.summary[name], 'thousands'),
    figure(oslo.summary[name], 'thousands'),
    figure(ratio[name], 2),
  ];
  const head = ['notifications', PEERS.floor.title, PEERS.oslo.title, 'ratio'];
  const rows = [
    row('published and confirmed/s', 'publishedPerSecond'),
    row('consumed and acknowledged/s', 'consumedPerSecond'),
  ];
  return { notifications: [{ head, rows }] };
}
