import type { BenchClient, BenchServer, Place } from '../peer.js';
import { startOsloClient } from './oslo-client.js';
import { QUORUM_EXCHANGE } from './oslo-names.js';
import { startOsloServer } from './oslo-server.js';

const QUORUM = { controlExchange: QUORUM_EXCHANGE, rabbit: { rabbitQuorumQueue: true } };

/** The same on quorum queues, which every node of a cluster keeps a copy of. */
export function startQuorumServer(place: Place): Promise<BenchServer> {
  return startOsloServer(place, QUORUM);
}

export function startQuorumClient(place: Place): Promise<BenchClient> {
  return startOsloClient(place, QUORUM);
}
