import { EventEmitter, once } from 'node:events';
import type { Place } from '../peers/peer.js';
import { memoryNow } from './memory.js';

const BATCHES = { batchSize: 100, batchTimeout: 1 };
/** Evenly spread samples. By the first one, everything that is bounded is full. */
const SAMPLES = 10;

/** Consumes `count` notifications in batches. Returns the bytes of heap in use on the way. */
export async function soak({ url, topic }: Pick<Place, 'url' | 'topic'>, count: number): Promise<number[]> {
  // Loaded on demand: this module is in the processes of the other peers, too.
  const { getBatchNotificationListener, getNotificationTransport, Target } = await import('nestjs-oslo-messaging');
  const transport = getNotificationTransport({ transportUrl: url });
  const heaps: number[] = [];
  const progress = new EventEmitter();
  let notifications = 0;
  const endpoint = {
    info: (batch: readonly unknown[]): void => {
      notifications += batch.length;
      if (notifications >= ((heaps.length + 1) * count) / SAMPLES) heaps.push(memoryNow().heapBytes);
      if (notifications >= count) progress.emit('finished');
    },
  };
  const listener = getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], BATCHES);
  const finished = once(progress, 'finished');
  await listener.start();
  await finished;
  await listener.stop();
  await transport.cleanup();
  return heaps;
}
