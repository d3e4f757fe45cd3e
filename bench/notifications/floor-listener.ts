import type { Channel, ConsumeMessage } from 'amqplib';
import type { Place } from '../peer.js';
import { openFloorConnections } from '../peers/floor-connections.js';
import { Arrivals } from './arrivals.js';
import { type FloorNotification, queueOf } from './floor-notification.js';
import type { BenchListener } from './peer.js';

const PREFETCH = 100;
const REMEMBERED = 10_000;

/** What someone competent writes with amqplib alone: at least once, acknowledged after the handler, duplicates dropped. */
export async function startFloorListener({ url, topic }: Place): Promise<BenchListener> {
  const { consuming, close } = await openFloorConnections(url);
  const seen = new Set<string>();

  function firstTime(id: string): boolean {
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > REMEMBERED) for (const oldest of seen) return seen.delete(oldest);
    return true;
  }

  async function take(channel: Channel, message: ConsumeMessage, handle: (payload: unknown) => Promise<void>) {
    try {
      const notification = JSON.parse(message.content.toString()) as FloorNotification;
      if (firstTime(notification.message_id)) await handle(notification.payload);
      channel.ack(message);
    } catch (error) {
      console.error('a notification could not be handled', error);
      channel.nack(message, false, false);
    }
  }

  async function drain(count: number) {
    const arrivals = new Arrivals(count);
    await consuming.prefetch(PREFETCH);
    const { consumerTag } = await consuming.consume(queueOf(topic), (message) => {
      if (message) void take(consuming, message, async (payload) => arrivals.add(payload));
    });
    const drained = await arrivals.complete();
    await consuming.cancel(consumerTag);
    return drained;
  }

  return { drain, close };
}
