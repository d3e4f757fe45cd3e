import { measured } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { median } from '../statistics.js';

/** What calling two hundred topics in turn costs whoever does it, in CPU of client and server for a call. */
export interface TopicsBesideFloor {
  /** Bare amqplib with as many queues to bare amqplib with one. */
  floorToItself: number;
  /** This library to bare amqplib, both with two hundred. */
  toFloor: number;
}

/** The same calls by hand, so that what is the protocol's can be told from what is this library's. */
export function runTopicsBesideFloor(session: Session, inFlight: number): Promise<TopicsBesideFloor> {
  const { rounds, seconds, warmUpCalls, topicsWarmUpCalls } = session.plan.scale;
  const names = ['oslo-topics', 'floor-topics', 'floor'] as const;
  return withPeers(session, names, async (peers) => {
    for (const peer of peers)
      await measured(peer, { inFlight, calls: peer.name === 'oslo-topics' ? topicsWarmUpCalls : warmUpCalls });
    const floorToItself: number[] = [];
    const toFloor: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const costs: number[] = [];
      for (const peer of peers) costs.push((await measured(peer, { inFlight, seconds })).bothCpuMicrosPerCall);
      const [own = Number.NaN, floorTopics = Number.NaN, floor = Number.NaN] = costs;
      floorToItself.push(floorTopics / floor);
      toFloor.push(own / floorTopics);
    }
    return { floorToItself: median(floorToItself), toFloor: median(toFloor) };
  });
}
