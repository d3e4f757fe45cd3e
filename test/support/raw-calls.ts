import { once } from 'node:events';
import { connect } from 'amqplib';
import { amqpUrl } from '../../testkit/amqp.js';
import { isDenying } from '../../testkit/release.js';

const EXCHANGE = 'tacker';
const JSON_BODY = { contentType: 'application/json', contentEncoding: 'utf-8' };

/**
 * Makes calls and answers them, on nothing but amqplib: with more than 5,000 a second on two cores, the broker is the slowest part.
 * Resolves when each call has its reply.
 */
export async function makeRawCalls(url: string, topic: string, count: number): Promise<void> {
  const replyQueue = `reply_${topic}`;
  const [caller, server] = await Promise.all([connect(amqpUrl(url)), connect(amqpUrl(url))]);
  try {
    const [calling, serving] = await Promise.all([caller.createChannel(), server.createChannel()]);
    await serving.assertExchange(EXCHANGE, 'topic', { durable: isDenying });
    await serving.assertQueue(topic, { durable: isDenying });
    await serving.bindQueue(topic, EXCHANGE, topic);
    await calling.assertQueue(replyQueue, { durable: isDenying });
    let answered = 0;
    const complete = new Promise<void>((resolve) => {
      void calling.consume(replyQueue, () => void (++answered === count && resolve()), { noAck: true });
    });
    await serving.consume(
      topic,
      (message) => message && serving.publish('', replyQueue, replyTo(message.properties.correlationId), JSON_BODY),
      { noAck: true },
    );
    for (let index = 0; index < count; index++) {
      const correlationId = index.toString(16).padStart(32, '0');
      if (!calling.publish(EXCHANGE, topic, callOf(correlationId, replyQueue), { ...JSON_BODY, correlationId }))
        await once(calling, 'drain');
    }
    await complete;
  } finally {
    await Promise.all([caller.close(), server.close()]);
  }
}

const callOf = (id: string, replyQueue: string) =>
  envelope({ method: 'add', args: { a: 1, b: 2 }, _msg_id: id, _reply_q: replyQueue, _unique_id: `of ${id}` });

const replyTo = (id: string) =>
  envelope({ result: 3, failure: null, ending: true, _msg_id: id, _unique_id: `to ${id}` });

function envelope(message: object): Buffer {
  return Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }));
}
