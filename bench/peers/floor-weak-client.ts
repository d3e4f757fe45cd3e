import { randomUUID } from 'node:crypto';
import type { BenchClient, Place } from '../peer.js';
import { openFloorConnection } from './floor-connections.js';
import { decode, encode, type FloorReply } from './floor-message.js';

const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';

/** What a tutorial writes: direct reply-to on one channel, nothing acknowledged, nothing confirmed, no time limit. */
export async function startFloorWeakClient({ url, topic }: Place): Promise<BenchClient> {
  const connection = await openFloorConnection(url);
  const channel = await connection.createChannel();
  const waiters = new Map<string, (reply: FloorReply) => void>();

  await channel.consume(
    DIRECT_REPLY_TO,
    (message) => {
      if (!message) return;
      const reply = decode<FloorReply>(message.content);
      waiters.get(reply._msg_id)?.(reply);
      waiters.delete(reply._msg_id);
    },
    { noAck: true },
  );

  function call(args: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      waiters.set(id, ({ result, failure }) => (failure === null ? resolve(result) : reject(new Error(failure))));
      const request = encode({ method: 'echo', args, _msg_id: id, _reply_q: DIRECT_REPLY_TO });
      channel.sendToQueue(topic, request, { contentType: 'application/json', replyTo: DIRECT_REPLY_TO });
    });
  }

  return { call, close: () => connection.close() };
}
