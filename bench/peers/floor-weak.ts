import { randomUUID } from 'node:crypto';
import { answer, decode, encode, type FloorReply, type FloorRequest, openConnection } from './floor.js';
import type { BenchClient, BenchServer, Peer, Place } from './peer.js';

const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';

/** Serves requests that count as done when they are delivered. A lost reply goes unnoticed. */
async function server({ url, topic }: Place): Promise<BenchServer> {
  const connection = await openConnection(url);
  const channel = await connection.createChannel();

  async function reply(content: Buffer, replyTo: string): Promise<void> {
    const body = encode(await answer(decode<FloorRequest>(content)));
    channel.sendToQueue(replyTo, body, { contentType: 'application/json' });
  }

  await channel.assertQueue(topic, { durable: false });
  await channel.consume(
    topic,
    (message) => {
      if (!message) return;
      reply(message.content, String(message.properties.replyTo)).catch((error) =>
        console.error('a request could not be served', error),
      );
    },
    { noAck: true },
  );
  return { close: () => connection.close() };
}

/** Calls by direct reply-to on one channel, with nothing acknowledged, nothing confirmed and no time limit. */
async function client({ url, topic }: Place): Promise<BenchClient> {
  const connection = await openConnection(url);
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
  return {
    call: (args) =>
      new Promise((resolve, reject) => {
        const id = randomUUID();
        waiters.set(id, ({ result, failure }) => (failure === null ? resolve(result) : reject(new Error(failure))));
        const request = encode({ method: 'echo', args, _msg_id: id, _reply_q: DIRECT_REPLY_TO });
        channel.sendToQueue(topic, request, { contentType: 'application/json', replyTo: DIRECT_REPLY_TO });
      }),
    close: () => connection.close(),
  };
}

/** RPC with amqplib as a tutorial shows it. */
export const peers: Record<string, Peer> = { 'floor-weak': { server, client } };
