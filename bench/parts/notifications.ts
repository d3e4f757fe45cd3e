import { PEERS } from '../peers/peer.js';
import { inRounds } from '../rounds.js';
import { payload } from '../running/payload.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

type NotificationsResult = Awaited<ReturnType<typeof run>>;

/** Measures notifications by bare amqplib and by this library. Nest's transport has none. */
export function run(session: Session) {
  const { warmUp, rounds, seconds, soak } = session.plan.notifications;
  const { inFlight } = session.plan.calls;
  const settings = { floor: { peer: 'floor-notifications' }, oslo: { peer: 'oslo-notifications' } } as const;
  /** Publishes for a time, then consumes all of it, so that neither disturbs the other. */
  const publishAndConsume = (time: number) => async (subject: Subject) => {
    const { answered, callsPerSecond } = await subject.measure({ inFlight, seconds: time });
    const drainSeconds = await subject.server.ask('drain', answered);
    return { publishedPerSecond: callsPerSecond, consumedPerSecond: answered / drainSeconds };
  };
  return withSubjects(session, settings, publishAndConsume(warmUp / 2), async (subjects) => {
    const steps = [publishAndConsume(seconds)];
    const { floor, oslo } = await inRounds(session, { title: 'notifications', subjects, rounds, steps });
    if (soak > 0) session.say(`soak        ${soak} notifications in batches`);
    return {
      peers: { floor: medians(floor), oslo: medians(oslo) },
      /** This library to bare amqplib. */
      ratio: ratios(oslo, floor),
      /** Heap of a listener of batches at evenly spread times, in bytes. Null in a quick run. */
      soak: soak > 0 ? await runSoak(subjects.oslo, { inFlight, calls: soak }) : null,
    };
  });
}

/** Publishes while a listener of batches consumes. */
async function runSoak({ server, client, place }: Subject, load: { inFlight: number; calls: number }) {
  // Not by `measure`, which asks the server for its CPU: a worker answers one question at a time.
  const published = client.ask('load', load, payload);
  const [heaps, { errors }] = await Promise.all([server.ask('soak', place, load.calls), published]);
  if (errors > 0) throw new Error(`${errors} notifications could not be published`);
  return heaps;
}

export function goals({ ratio, soak }: NotificationsResult): Goals {
  return {
    notifications: [
      ['notifications published/s ÷ floor', 'at least', 0.9, ratio.publishedPerSecond],
      ['notifications consumed/s ÷ floor', 'at least', 0.9, ratio.consumedPerSecond],
      ['most heap in the second half of the batches ÷ in the first', 'at most', 1.2, soak && soakGrowth(soak)],
    ],
  };
}

/** Compares the highest heaps of the halves: the heap of one moment depends on how far the listener is behind. */
function soakGrowth(heaps: readonly number[]): number {
  const half = heaps.length / 2;
  return Math.max(...heaps.slice(half)) / Math.max(...heaps.slice(0, half));
}

export function documents({ peers: { floor, oslo }, ratio }: NotificationsResult): Record<string, Block[]> {
  const labels = { publishedPerSecond: 'published and confirmed/s', consumedPerSecond: 'consumed and acknowledged/s' };
  const table = tableOf(['publishedPerSecond', 'consumedPerSecond'] as const, {
    notifications: (name) => labels[name],
    [PEERS.floor.title]: (name) => text(floor[name], 'thousands'),
    [PEERS.oslo.title]: (name) => text(oslo[name], 'thousands'),
    ratio: (name) => text(ratio[name], 2),
  });
  return { notifications: [table] };
}
