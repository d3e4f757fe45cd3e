import type { SubjectName } from './peer.js';
import { QUORUM_EXCHANGE, topicNames } from './peers/oslo-names.js';
import { RunningPeer } from './running-peer.js';
import type { Session } from './session.js';

/** Runs `work` with these peers started, and stops them and deletes their queues afterwards, whatever happens. */
export async function withPeers<Name extends SubjectName, T>(
  { broker, say }: Pick<Session, 'broker' | 'say'>,
  names: readonly Name[],
  work: (peers: RunningPeer<Name>[]) => Promise<T>,
): Promise<T> {
  say(`starting    ${names.join(', ')}`);
  const outcomes = await Promise.allSettled(names.map((name) => RunningPeer.start(name, broker)));
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

function queuesOf({ name, place }: RunningPeer): string[] {
  const topics = name === 'oslo-topics' ? topicNames(place) : [place.topic];
  return topics.flatMap((topic) => [topic, `${topic}.bench`]);
}
