import type { BenchServer, Place } from '../peer.js';
import { openFloorConnection } from './floor-connections.js';
import { decode, encode, type FloorRequest } from './floor-message.js';
import { answer } from './floor-server.js';

/** Requests count as done when they are delivered, and a lost reply is nobody's business. */
export async function startFloorWeakServer({ url, topic }: Place): Promise<BenchServer> {
  const connection = await openFloorConnection(url);
  const channel = await connection.createChannel();

  async function serve(content: Buffer, replyTo: string): Promise<void> {
    const reply = await answer(decode<FloorRequest>(content));
    channel.sendToQueue(replyTo, encode(reply), { contentType: 'application/json' });
  }

  await channel.assertQueue(topic, { durable: false });
  await channel.consume(
    topic,
    (message) => {
      if (!message) return;
      serve(message.content, String(message.properties.replyTo)).catch((error) =>
        console.error('a request could not be served', error),
      );
    },
    { noAck: true },
  );
  return { close: () => connection.close() };
}
