import { afterEach, expect, it } from 'vitest';
import { basicCancel } from '../support/amqp-frames.js';
import { describeWithRabbit } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

describeWithRabbit('a consumer that the broker cancels on an open channel', () => {
  const started: number[] = [];
  let served: ServedTopic;
  let release: () => void;

  afterEach(async () => {
    release();
    await served.close();
  });

  /** A server with one slot, which the first request has, and two requests that wait for it. */
  async function open(delivery: 'at-most-once' | 'at-least-once'): Promise<void> {
    started.length = 0;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const note = async (_ctxt: unknown, { n }: { n: number }) => {
      started.push(n);
      if (n === 1) await released;
    };
    served = await ServedTopic.open({ note }, { delivery, concurrency: 1, rabbit: { rabbitQosPrefetchCount: 3 } });
    for (const n of [1, 2, 3]) await served.client.cast({}, 'note', { n });
    await eventually(() => expect(served.serving.got(/n\\": ?3\D/)).toHaveLength(1));
    await eventually(() => expect(started).toEqual([1]));
  }

  /** Cancels the consumer as RabbitMQ 4.3 does: once for each message that was unacknowledged for too long. */
  function cancel(): void {
    const { topic, serving } = served;
    const [consume = ''] = serving.sent(new RegExp(`\\x01[^]{6}\\0\\x3c\\0\\x14\\0\\0[^]${topic}\\x01[^]`));
    const frame = basicCancel(Buffer.from(consume, 'latin1').readUInt16BE(1), consume.at(-1) ?? '');
    // The connection to consume by is the older one.
    serving.proxy.links[0]?.inject('toClient', Buffer.concat([frame, frame, frame]));
  }

  it('starts none of its waiting requests, logs and counts that once, and consumes again', async () => {
    await open('at-most-once');
    cancel();
    const { serving, client } = served;
    await eventually(() => expect(serving.log.messages(/The broker cancelled the consumer/)).toHaveLength(1));
    expect(
      serving.log.messages(/consumer of "served-\w+" and requeued its unacknowledged messages \(2\); consuming again/),
    ).toHaveLength(1);
    expect(serving.transport.counts).toMatchObject({ cancelledConsumers: 1, revokedMessages: 2, lostConnections: 0 });
    await eventually(() => expect(serving.transport.health().status).toBe('connected'));
    release();
    await client.cast({}, 'note', { n: 4 });
    await served.ping();
    await eventually(() => expect(started).toEqual([1, 4]));
    expect(serving.transport.counts.lostConnections).toBe(0);
  });

  it('runs its waiting and begun requests at least once, and only once on this server', async () => {
    await open('at-least-once');
    cancel();
    const { serving, client } = served;
    await eventually(() => expect(serving.transport.counts.revokedMessages).toBe(3));
    await eventually(() => expect(serving.transport.health().status).toBe('connected'));
    release();
    await eventually(() => expect(started.toSorted()).toEqual([1, 2, 3]));
    await client.cast({}, 'note', { n: 4 });
    await served.ping();
    await eventually(() => expect(started.toSorted()).toEqual([1, 2, 3, 4]));
  });
});
