import type { Place } from '../peers/peer.js';
import { memoryNow } from './memory.js';

const BATCH_SIZE = 100;
const BATCH_TIMEOUT_S = 1;
/** Evenly spread samples. By the first one, everything that is bounded is full. */
const SAMPLES = 10;

/** Consumes `count` notifications in batches. Returns the bytes of heap in use on the way. */
export async function soak({ url, topic }: Pick<Place, 'url' | 'topic'>, count: number): Promise<number[]> {
  // Loaded on demand: this module is in the processes of the other peers, too.
  const { getBatchNotificationListener, getNotificationTransport, Target } = await import('nestjs-oslo-messaging');
  const transport = getNotificationTransport({ transportUrl: url });
  const heaps: number[] = [];
  let notifications = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const endpoint = {
    info: (batch: readonly unknown[]): void => {
      notifications += batch.length;
      if (notifications >= ((heaps.length + 1) * count) / SAMPLES) heaps.push(memoryNow().heapBytes);
      if (notifications >= count) finish();
    },
  };
  const options = { batchSize: BATCH_SIZE, batchTimeout: BATCH_TIMEOUT_S };
  const listener = getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], options);
  await listener.start();
  await finished;
  await listener.stop();
  await transport.cleanup();
  return heaps;
}
