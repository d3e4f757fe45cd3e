import { randomUUID } from 'node:crypto';
import type { BenchClient, Place } from '../peer.js';
import { openFloorConnections } from '../peers/floor-connections.js';
import { EVENT_TYPE, EXCHANGE, type FloorNotification, PUBLISHER_ID, queueOf } from './floor-notification.js';

const TIMEOUT = 60_000;

/** The hand-written publisher: every notification has a queue to stay in, is mandatory, confirmed, and has a deadline. */
export async function startFloorPublisher({ url, topic }: Place): Promise<BenchClient> {
  const { publishing, close } = await openFloorConnections(url);
  const queue = queueOf(topic);
  await publishing.assertExchange(EXCHANGE, 'topic', { durable: false, autoDelete: true });
  await publishing.assertQueue(queue, { durable: false });
  await publishing.bindQueue(queue, EXCHANGE, queue);
  const returned = new Set<string>();
  publishing.on('return', (message) => returned.add(message.properties.messageId as string));

  function publish(payload: Record<string, unknown>): Promise<void> {
    const id = randomUUID();
    const notification: FloorNotification = {
      message_id: id,
      publisher_id: PUBLISHER_ID,
      event_type: EVENT_TYPE,
      priority: 'INFO',
      payload,
      timestamp: new Date().toISOString(),
    };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not confirmed within ${TIMEOUT} ms`)), TIMEOUT);
      publishing.publish(
        EXCHANGE,
        queue,
        Buffer.from(JSON.stringify(notification)),
        { contentType: 'application/json', deliveryMode: 2, messageId: id, mandatory: true },
        (error) => {
          clearTimeout(timer);
          if (error) reject(new Error('the broker refused the notification', { cause: error }));
          else if (returned.delete(id)) reject(new Error('no queue took the notification'));
          else resolve();
        },
      );
    });
  }

  return { call: publish, close };
}
