import type { Place } from '../peers/peer.js';
import { memoryNow } from './memory.js';

/** Memory in use after a number of notifications, after garbage collection. */
interface MemorySample {
  notifications: number;
  heapBytes: number;
}

export interface Soaked {
  notifications: number;
  batches: number;
  seconds: number;
  memory: MemorySample[];
}

const BATCH_SIZE = 100;
const BATCH_TIMEOUT_S = 1;
/** Evenly spread samples. By the first one, everything that is bounded is full. */
const SAMPLES = 10;

/** Consumes `count` notifications in batches and samples the memory. */
export async function soak({ url, topic }: Pick<Place, 'url' | 'topic'>, count: number): Promise<Soaked> {
  // Loaded on demand: this module is in the processes of the other peers, too.
  const { getBatchNotificationListener, getNotificationTransport, Target } = await import('nestjs-oslo-messaging');
  const transport = getNotificationTransport({ transportUrl: url });
  const memory: MemorySample[] = [];
  const start = performance.now();
  let notifications = 0;
  let batches = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const endpoint = {
    info: (batch: readonly unknown[]): void => {
      batches++;
      notifications += batch.length;
      if (notifications >= ((memory.length + 1) * count) / SAMPLES)
        memory.push({ notifications, heapBytes: memoryNow().heapBytes });
      if (notifications >= count) finish();
    },
  };
  const options = { batchSize: BATCH_SIZE, batchTimeout: BATCH_TIMEOUT_S };
  const listener = getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], options);
  await listener.start();
  await finished;
  const seconds = (performance.now() - start) / 1000;
  await listener.stop();
  await transport.cleanup();
  return { notifications, batches, seconds, memory };
}
