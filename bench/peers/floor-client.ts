import { randomUUID } from 'node:crypto';
import type { BenchClient, Place } from '../peer.js';
import { openFloorConnections } from './floor-connections.js';
import { decode, encode, type FloorReply } from './floor-message.js';

const TIMEOUT = 60_000;

interface Waiter {
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** The hand-written client: a reply queue with a name, acknowledged replies, confirmed requests, a timer for each call. */
export function startFloorClient(place: Place): Promise<BenchClient> {
  return callFloor(place, () => place.topic);
}

/** @param nextQueue where the next request goes */
export async function callFloor({ url }: Place, nextQueue: () => string): Promise<BenchClient> {
  const { publishing, consuming, close } = await openFloorConnections(url);
  const replyQueue = `reply_${randomUUID()}`;
  const waiters = new Map<string, Waiter>();

  function take(id: string): Waiter | undefined {
    const waiter = waiters.get(id);
    if (!waiter) return undefined;
    waiters.delete(id);
    clearTimeout(waiter.timer);
    return waiter;
  }

  await consuming.assertQueue(replyQueue, { durable: false, expires: 1_800_000 });
  await consuming.consume(replyQueue, (message) => {
    if (!message) return;
    consuming.ack(message);
    const reply = decode<FloorReply>(message.content);
    const waiter = take(reply._msg_id);
    if (reply.failure === null) waiter?.resolve(reply.result);
    else waiter?.reject(new Error(reply.failure));
  });

  function call(args: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      const timer = setTimeout(() => take(id)?.reject(new Error(`no reply within ${TIMEOUT} ms`)), TIMEOUT);
      waiters.set(id, { resolve, reject, timer });
      publishing.sendToQueue(
        nextQueue(),
        encode({ method: 'echo', args, _msg_id: id, _reply_q: replyQueue }),
        { contentType: 'application/json', expiration: TIMEOUT },
        (error) => {
          if (error) take(id)?.reject(new Error('the broker refused the request', { cause: error }));
        },
      );
    });
  }

  return {
    call,
    close: async () => {
      await consuming.deleteQueue(replyQueue);
      await close();
    },
  };
}
