import { randomUUID } from 'node:crypto';
import { answer, decode, encode, type FloorReply, type FloorRequest, openConnection } from './floor.js';
import type { Call, Peer, Place } from './peer.js';

const REPLY_TO = 'amq.rabbitmq.reply-to';
const NO_ACK = { noAck: true };

/** Serves requests that count as done when they are delivered. A lost reply goes unnoticed. */
async function server({ url, topic }: Place): Promise<void> {
  const channel = await (await openConnection(url)).createChannel();

  async function reply(content: Buffer, replyTo: string): Promise<void> {
    const body = encode(await answer(decode<FloorRequest>(content)));
    channel.sendToQueue(replyTo, body, { contentType: 'application/json' });
  }

  const serve = (content: Buffer, replyTo: string) =>
    reply(content, replyTo).catch((error) => console.error('a request could not be served', error));
  await channel.assertQueue(topic, { durable: false });
  await channel.consume(topic, (it) => it && serve(it.content, String(it.properties.replyTo)), NO_ACK);
}

/** Calls by direct reply-to on one channel, with nothing acknowledged, nothing confirmed and no time limit. */
async function client({ url, topic }: Place): Promise<Call> {
  const channel = await (await openConnection(url)).createChannel();
  const waiters = new Map<string, (reply: FloorReply) => void>();

  function settle(content: Buffer): void {
    const reply = decode<FloorReply>(content);
    waiters.get(reply._msg_id)?.(reply);
    waiters.delete(reply._msg_id);
  }

  await channel.consume(REPLY_TO, (message) => message && settle(message.content), NO_ACK);
  return (args) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      waiters.set(id, ({ result, failure }) => (failure === null ? resolve(result) : reject(new Error(failure))));
      const request: FloorRequest = { method: 'echo', args, _msg_id: id, _reply_q: REPLY_TO };
      channel.sendToQueue(topic, encode(request), { contentType: 'application/json', replyTo: REPLY_TO });
    });
}

/** RPC with amqplib as a tutorial shows it. */
export const peers: Record<string, Peer> = { 'floor-weak': { server, client } };
