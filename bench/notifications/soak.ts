import { getBatchNotificationListener, getNotificationTransport, Target } from 'nestjs-oslo-messaging';
import { memoryNow } from '../heap.js';
import { payload } from '../payload.js';
import type { BenchClient, Place } from '../peer.js';

/** Memory in use after so many notifications, garbage collected. */
export interface MemorySample {
  notifications: number;
  heapBytes: number;
}

export interface Soaked {
  notifications: number;
  batches: number;
  seconds: number;
  memory: MemorySample[];
}

const BATCH = 100;
/** Samples of the memory, evenly spread; by the first one, everything that is bounded is full. */
const SAMPLES = 10;

/** Takes so many notifications in batches, and looks at its memory on the way. */
export async function soak({ url, topic }: Place, count: number): Promise<Soaked> {
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
      if (notifications >= ((memory.length + 1) * count) / SAMPLES) {
        memory.push({ notifications, heapBytes: memoryNow().heapBytes });
      }
      if (notifications >= count) finish();
    },
  };
  const options = { batchSize: BATCH, batchTimeout: 1 };
  const listener = getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], options);
  await listener.start();
  await finished;
  const seconds = (performance.now() - start) / 1000;
  await listener.stop();
  await transport.cleanup();
  return { notifications, batches, seconds, memory };
}

/** Publishes so many, with so many in flight; rejects when one of them fails. */
export async function publishCount(publisher: BenchClient, count: number, inFlight: number): Promise<void> {
  let left = count;
  async function publish(): Promise<void> {
    while (left-- > 0) await publisher.call(payload);
  }
  await Promise.all(Array.from({ length: inFlight }, publish));
}
