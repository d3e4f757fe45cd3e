import type { BenchServer, Place } from '../peer.js';
import { openFloorConnections } from './floor-connections.js';
import { decode, encode, type FloorReply, type FloorRequest } from './floor-message.js';

const PREFETCH = 64;

type Method = (args: Record<string, unknown>) => Promise<unknown>;

const methods = new Map<string, Method>([['echo', async (args) => args]]);

/** What someone competent writes with amqplib alone: at most once, every publish confirmed, every reply mandatory. */
export function startFloorServer(place: Place): Promise<BenchServer> {
  return serveFloor(place, [place.topic]);
}

export async function serveFloor({ url }: Place, queues: readonly string[]): Promise<BenchServer> {
  const { publishing, consuming, close } = await openFloorConnections(url);
  publishing.on('return', (message) => console.error(`reply queue ${message.fields.routingKey} is gone`));

  async function serve(content: Buffer): Promise<void> {
    const request = decode<FloorRequest>(content);
    const reply = await answer(request);
    publishing.sendToQueue(
      request._reply_q,
      encode(reply),
      { contentType: 'application/json', mandatory: true },
      (error) => {
        if (error) console.error('the broker refused a reply', error);
      },
    );
  }

  await consuming.prefetch(PREFETCH);
  for (const queue of queues) {
    await consuming.assertQueue(queue, { durable: false });
    await consuming.consume(queue, (message) => {
      if (!message) return;
      // Before the work: a request must not run twice because its server died in between.
      consuming.ack(message);
      serve(message.content).catch((error) => console.error('a request could not be served', error));
    });
  }
  return { close };
}

export async function answer(request: FloorRequest): Promise<FloorReply> {
  try {
    const method = methods.get(request.method);
    if (!method) throw new Error(`no method ${request.method}`);
    return { result: await method(request.args), failure: null, _msg_id: request._msg_id };
  } catch (error) {
    return { result: null, failure: String(error), _msg_id: request._msg_id };
  }
}
