import type { SubjectName } from './peer.js';
import { QUORUM_EXCHANGE, topicNames } from './peers/oslo-names.js';
import { RunningPeer, type Setting } from './running-peer.js';
import type { Session } from './session.js';

type Wanted<Name extends SubjectName> = Name | (Setting & { name: Name });

/** Runs `work` with these peers started, and stops them and deletes their queues afterwards, whatever happens. */
export async function withPeers<Name extends SubjectName, T>(
  { broker, say }: Pick<Session, 'broker' | 'say'>,
  wanted: readonly Wanted<Name>[],
  work: (peers: RunningPeer<Name>[]) => Promise<T>,
): Promise<T> {
  const starts = wanted.map((it) => (typeof it === 'string' ? { name: it } : it));
  say(`starting    ${[...new Set(starts.map(({ name }) => name))].join(', ')}`);
  const outcomes = await Promise.allSettled(
    starts.map(({ name, ...setting }) => RunningPeer.start(name, broker, setting)),
  );
  const peers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  try {
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return await work(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    await broker.deleteQueues(peers.flatMap(queuesOf));
    if (peers.some(({ name }) => name === 'oslo-quorum')) await broker.deleteExchange(QUORUM_EXCHANGE);
  }
}

const OF_MANY_TOPICS: ReadonlySet<SubjectName> = new Set(['oslo-topics', 'oslo-topic-of-many', 'floor-topics']);

function queuesOf({ name, place }: RunningPeer): string[] {
  const topics = OF_MANY_TOPICS.has(name) ? topicNames(place) : [place.topic];
  return topics.flatMap((topic) => [topic, `${topic}.bench`]);
}
