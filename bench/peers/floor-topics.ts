import type { BenchClient, BenchServer, Place } from '../peer.js';
import { callFloor } from './floor-client.js';
import { serveFloor } from './floor-server.js';
import { topicNames } from './oslo-names.js';

/** The hand-written server with a queue for each of two hundred topics. */
export function startFloorTopicsServer(place: Place): Promise<BenchServer> {
  return serveFloor(place, topicNames(place));
}

/** Calls them in turn. */
export function startFloorTopicsClient(place: Place): Promise<BenchClient> {
  const queues = topicNames(place);
  let turn = 0;
  return callFloor(place, () => queues[turn++ % queues.length] ?? place.topic);
}
