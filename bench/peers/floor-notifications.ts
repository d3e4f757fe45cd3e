import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { Arrivals } from '../running/arrivals.js';
import { decode, encode, openConnections } from './floor.js';
import type { BenchClient, BenchServer, Peer, Place } from './peer.js';

const EXCHANGE = 'bench-floor';
const PREFETCH = 100;
const REMEMBERED_IDS = 10_000;
const TIMEOUT_MS = 60_000;

interface FloorNotification {
  message_id: string;
  publisher_id: string;
  event_type: string;
  priority: string;
  payload: Record<string, unknown>;
  timestamp: string;
}

/** Publishes notifications into a queue: mandatory, confirmed, and with a deadline. */
async function publisher({ url, topic }: Place): Promise<BenchClient> {
  const { publishing, close } = await openConnections(url);
  const queue = `${topic}.info`;
  await publishing.assertExchange(EXCHANGE, 'topic', { durable: false, autoDelete: true });
  await publishing.assertQueue(queue, { durable: false });
  await publishing.bindQueue(queue, EXCHANGE, queue);
  const returned = new Set<string>();
  publishing.on('return', (message) => returned.add(message.properties.messageId as string));

  function publish(payload: Record<string, unknown>): Promise<void> {
    const id = randomUUID();
    const notification: FloorNotification = {
      message_id: id,
      publisher_id: 'bench.host1',
      event_type: 'bench.happened',
      priority: 'INFO',
      payload,
      timestamp: new Date().toISOString(),
    };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not confirmed within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      const properties = { contentType: 'application/json', deliveryMode: 2, messageId: id, mandatory: true };
      publishing.publish(EXCHANGE, queue, encode(notification), properties, (error) => {
        clearTimeout(timer);
        if (error) reject(new Error('the broker refused the notification', { cause: error }));
        else if (returned.delete(id)) reject(new Error('no queue took the notification'));
        else resolve();
      });
    });
  }

  return { call: publish, close };
}

/** Consumes at least once, acknowledges after the handler and drops duplicates. */
async function listener({ url, topic }: Place): Promise<BenchServer> {
  const { consuming, close } = await openConnections(url);
  const seen = new Set<string>();

  function firstTime(id: string): boolean {
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > REMEMBERED_IDS) for (const oldest of seen) return seen.delete(oldest);
    return true;
  }

  async function take(message: ConsumeMessage, handle: (payload: unknown) => Promise<void>) {
    try {
      const notification = decode<FloorNotification>(message.content);
      if (firstTime(notification.message_id)) await handle(notification.payload);
      consuming.ack(message);
    } catch (error) {
      console.error('a notification could not be handled', error);
      consuming.nack(message, false, false);
    }
  }

  return {
    drain: async (count) => {
      const arrivals = new Arrivals(count);
      await consuming.prefetch(PREFETCH);
      const { consumerTag } = await consuming.consume(`${topic}.info`, (message) => {
        if (message) void take(message, async (payload) => arrivals.add(payload));
      });
      const drained = await arrivals.complete();
      await consuming.cancel(consumerTag);
      return drained;
    },
    close,
  };
}

/** Notifications written by hand with amqplib. */
export const peers: Record<string, Peer> = { 'floor-notifications': { server: listener, client: publisher } };
