import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import { amqpUrl } from '../../testkit/amqp.js';
import type { Args } from '../running/payload.js';
import { type Call, type Peer, type Place, topicNames } from './peer.js';

const PREFETCH = 64;
const TIMEOUT_MS = 60_000;
const REPLY_QUEUE_EXPIRES_MS = 1_800_000;
const JSON_BODY = { contentType: 'application/json' };

export interface FloorRequest {
  method: string;
  args: Args;
  _msg_id: string;
  _reply_q: string;
}

export interface FloorReply {
  result: unknown;
  failure: string | null;
  _msg_id: string;
}

type Waiter = { resolve(result: unknown): void; reject(error: Error): void; timer: NodeJS.Timeout };

export function openConnection(url: string): Promise<ChannelModel> {
  // With Nagle's algorithm, an acknowledgement followed by a publish would wait 40 ms for the broker's.
  return connect(amqpUrl(url), { noDelay: true });
}

/** Opens two connections: under an alarm the broker blocks those that publish, and consumers must go on. */
export async function openChannels(url: string) {
  const [publisher, consumer] = await Promise.all([openConnection(url), openConnection(url)]);
  return { publishing: await publisher.createConfirmChannel(), consuming: await consumer.createChannel() };
}

export function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

export function decode<T>(content: Buffer): T {
  return JSON.parse(content.toString());
}

/** Form of the bodies. */
interface BodyCodec {
  encode(message: object): Buffer;
  decode<T>(content: Buffer): T;
}

const PLAIN: BodyCodec = { encode, decode };

/** The envelope of oslo.messaging, as one would write it by hand: JSON within JSON. */
const ENVELOPE: BodyCodec = {
  encode: (message) => encode({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }),
  decode: (content) => JSON.parse(decode<{ 'oslo.message': string }>(content)['oslo.message']),
};

const methods = new Map([['echo', async (args: Args): Promise<unknown> => args]]);

export async function answer({ method: name, args, _msg_id }: FloorRequest): Promise<FloorReply> {
  try {
    const method = methods.get(name);
    if (!method) throw new Error(`no method ${name}`);
    return { result: await method(args), failure: null, _msg_id };
  } catch (error) {
    return { result: null, failure: String(error), _msg_id };
  }
}

/** Serves at most once, with every publish confirmed and every reply mandatory. */
async function serve({ url }: Place, queues: readonly string[], { encode, decode } = PLAIN): Promise<void> {
  const { publishing, consuming } = await openChannels(url);
  publishing.on('return', (message) => console.error(`reply queue ${message.fields.routingKey} is gone`));

  async function reply(content: Buffer): Promise<void> {
    const request = decode<FloorRequest>(content);
    const body = encode(await answer(request));
    publishing.sendToQueue(request._reply_q, body, { ...JSON_BODY, mandatory: true }, (error) => {
      if (error) console.error('the broker refused a reply', error);
    });
  }

  await consuming.prefetch(PREFETCH);
  for (const queue of queues) {
    await consuming.assertQueue(queue, { durable: false });
    await consuming.consume(queue, (message) => {
      if (!message) return;
      // Acknowledged before the work: a request must not run twice because its server died in between.
      consuming.ack(message);
      reply(message.content).catch((error) => console.error('a request could not be served', error));
    });
  }
}

/** Calls with a named reply queue, acknowledged replies, confirmed requests and a timer for each call. */
async function call({ url }: Place, queues: readonly string[], { encode, decode } = PLAIN): Promise<Call> {
  const { publishing, consuming } = await openChannels(url);
  const replyQueue = `reply_${randomUUID()}`;
  const waiters = new Map<string, Waiter>();
  let turn = 0;

  function take(id: string): Waiter | undefined {
    const waiter = waiters.get(id);
    waiters.delete(id);
    clearTimeout(waiter?.timer);
    return waiter;
  }

  await consuming.assertQueue(replyQueue, { durable: false, expires: REPLY_QUEUE_EXPIRES_MS });
  await consuming.consume(replyQueue, (message) => {
    if (!message) return;
    consuming.ack(message);
    const { _msg_id, failure, result } = decode<FloorReply>(message.content);
    const waiter = take(_msg_id);
    if (failure === null) waiter?.resolve(result);
    else waiter?.reject(new Error(failure));
  });

  return (args) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      const timer = setTimeout(() => take(id)?.reject(new Error(`no reply within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      waiters.set(id, { resolve, reject, timer });
      const request: FloorRequest = { method: 'echo', args, _msg_id: id, _reply_q: replyQueue };
      const queue = queues[turn++ % queues.length] as string;
      publishing.sendToQueue(queue, encode(request), { ...JSON_BODY, expiration: TIMEOUT_MS }, (error) => {
        if (error) take(id)?.reject(new Error('the broker refused the request', { cause: error }));
      });
    });
}

/** RPC written by hand with amqplib, with the guarantees of this library. */
export const peers: Record<string, Peer> = {
  floor: {
    server: (place) => serve(place, [place.topic]),
    client: (place) => call(place, [place.topic]),
  },
  'floor-envelope': {
    server: (place) => serve(place, [place.topic], ENVELOPE),
    client: (place) => call(place, [place.topic], ENVELOPE),
  },
  'floor-topics': {
    server: (place) => serve(place, topicNames(place)),
    client: (place) => call(place, topicNames(place)),
  },
};
