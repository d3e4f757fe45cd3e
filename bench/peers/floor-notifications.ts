import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import type { Args } from '../running/payload.js';
import { decode, encode, openChannels } from './floor.js';
import type { Call, Listen, Peer, Place } from './peer.js';

const EXCHANGE = 'bench-floor';
const PREFETCH = 100;
const REMEMBERED_IDS = 10_000;
const TIMEOUT_MS = 60_000;

type FloorNotification = ReturnType<typeof notificationOf>;

function notificationOf(payload: Args) {
  return {
    message_id: randomUUID(),
    publisher_id: 'bench.host1',
    event_type: 'bench.happened',
    priority: 'INFO',
    payload,
    timestamp: new Date().toISOString(),
  };
}

/** Publishes notifications into a queue: mandatory, confirmed, and with a deadline. */
async function client({ url, topic }: Place): Promise<Call> {
  const { publishing } = await openChannels(url);
  const queue = `${topic}.info`;
  await publishing.assertExchange(EXCHANGE, 'topic', { durable: false, autoDelete: true });
  await publishing.assertQueue(queue, { durable: false });
  await publishing.bindQueue(queue, EXCHANGE, queue);
  const returned = new Set<string>();
  publishing.on('return', (message) => returned.add(message.properties.messageId as string));

  return (payload) => {
    const notification = notificationOf(payload);
    const { message_id: messageId } = notification;
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not confirmed within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      const properties = { contentType: 'application/json', deliveryMode: 2, messageId, mandatory: true };
      publishing.publish(EXCHANGE, queue, encode(notification), properties, (error) => {
        clearTimeout(timer);
        if (error) reject(new Error('the broker refused the notification', { cause: error }));
        else if (returned.delete(messageId)) reject(new Error('no queue took the notification'));
        else resolve();
      });
    });
  };
}

/** Consumes at least once, acknowledges after the handler and drops duplicates. */
async function server({ url, topic }: Place): Promise<Listen> {
  const { consuming } = await openChannels(url);
  const seen = new Set<string>();

  function firstTime(id: string): boolean {
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > REMEMBERED_IDS) for (const oldest of seen) return seen.delete(oldest);
    return true;
  }

  async function take(message: ConsumeMessage, handle: (payload: unknown) => Promise<void>) {
    try {
      const { message_id, payload } = decode<FloorNotification>(message.content);
      if (firstTime(message_id)) await handle(payload);
      consuming.ack(message);
    } catch (error) {
      console.error('a notification could not be handled', error);
      consuming.nack(message, false, false);
    }
  }

  await consuming.prefetch(PREFETCH);
  return async (add) => {
    const handle = async (payload: unknown) => add(payload);
    const { consumerTag } = await consuming.consume(`${topic}.info`, (message) => message && take(message, handle));
    return () => consuming.cancel(consumerTag);
  };
}

/** Notifications written by hand with amqplib. */
export const peers: Record<string, Peer> = { 'floor-notifications': { server, client } };
