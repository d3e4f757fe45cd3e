import { randomUUID } from 'node:crypto';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  type RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

/** Milliseconds for which a reply waits for its queue, where a test waits for the end of it. */
const WINDOW_MS = 1500;
/** Difference that timers alone may make, in milliseconds. */
const NOISE_MS = 50;

const newQueue = () => `reply_${randomUUID().replaceAll('-', '')}`;

describeWithRabbit('a reply to a missing queue', () => {
  const open: (() => Promise<unknown>)[] = [];
  let logger: LogRecorder;
  let topic: string;
  let serving: Transport;
  let server: RPCServer;
  let client: RPCClient;
  let ran: number;

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function begin(options: OsloMessagingOptions = {}): Promise<void> {
    topic = uniqueTopic('away');
    const queues = [topic, `${topic}.a`];
    open.push(() =>
      withChannel(rabbitUrl, async (channel) => {
        for (const queue of queues) await channel.deleteQueue(queue);
      }),
    );
    logger = new LogRecorder();
    ran = 0;
    const endpoint = {
      echo(_ctxt: unknown, { value }: { value: unknown }): unknown {
        ran++;
        return value;
      },
    };
    serving = getRpcTransport({ transportUrl: rabbitUrl, logger, drainTimeout: 0.2, ...options });
    open.push(() => serving.cleanup());
    server = getRpcServer(serving, new Target({ topic, server: 'a' }), [endpoint]);
    await server.start();
    open.push(() => server.stop());
    const calling = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 10 });
    open.push(() => calling.cleanup());
    client = getRpcClient(calling, new Target({ topic }));
    await client.call({}, 'echo', { value: 0 });
    ran = 0;
  }

  /** Requests of callers that have died, one after the other. @param queues where they waited, one each */
  async function callFrom(queues: readonly string[], expiration?: number): Promise<void> {
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of queues) {
        const request = {
          method: 'echo',
          args: { value: 'reply' },
          _msg_id: 'm',
          _reply_q: queue,
          _unique_id: randomUUID(),
          _context_request_id: 'req-1',
        };
        const options = expiration === undefined ? {} : { expiration: String(expiration) };
        channel.sendToQueue(topic, Buffer.from(JSON.stringify(request)), options);
      }
      await channel.waitForConfirms();
    });
    await eventually(() => expect(ran).toBe(queues.length), { within: 10_000 });
  }

  const dropped = () => logger.messages(/reply to m was dropped/).length;

  it.each(['at-most-once', 'at-least-once'] as const)(
    'holds no concurrency slot, so that others are answered as fast: %s',
    async (delivery) => {
      await begin({ delivery, concurrency: 8 });
      const otherClient = client;
      await begin({ delivery, concurrency: 8 });
      await callFrom(Array.from({ length: 128 }, newQueue));
      const measure = async (calling: RPCClient, value: number) => {
        const begun = performance.now();
        expect(await calling.call({}, 'echo', { value })).toBe(value);
        return performance.now() - begun;
      };
      const times: [number, number][] = [];
      // Side by side, since a busy machine is slow to both.
      for (let value = 0; value < 200; value++)
        times.push(await Promise.all([measure(client, value), measure(otherClient, value)]));
      // All of them still wait.
      expect(dropped()).toBe(0);
      const p90 = (of: 0 | 1) => times.map((pair) => pair[of]).sort((a, b) => a - b)[180] ?? 0;
      expect(p90(0)).toBeLessThan(2 * p90(1) + NOISE_MS);
    },
  );

  it('is delivered with all others when the queue is back', async () => {
    await begin();
    const queue = newQueue();
    await callFrom([queue, queue, queue]);
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(queue, { durable: false });
      await eventually(async () => expect((await channel.checkQueue(queue)).messageCount).toBe(3));
      await channel.deleteQueue(queue);
    });
    expect(serving.counts.droppedReplies).toBe(0);
  });

  it('is dropped, and counted, when its caller has given up', async () => {
    await begin();
    const began = performance.now();
    await callFrom([newQueue()], 500);
    await eventually(() => expect(serving.counts.droppedReplies).toBe(1));
    expect(performance.now() - began).toBeGreaterThan(450);
    expect(dropped()).toBe(1);
    expect(
      logger.messages(/^The reply to m was dropped: .* \(method "echo", .*request id "req-1", message id "m"\)$/),
    ).toHaveLength(1);
  });

  it('is dropped when the window ends, after which each later reply gets one attempt', async () => {
    await begin({ rabbit: { kombuMissingConsumerRetryTimeout: WINDOW_MS / 1000 } });
    const queue = newQueue();
    await callFrom([queue], 60_000);
    await eventually(() => expect(dropped()).toBe(1));
    ran = 0;
    const began = performance.now();
    await callFrom([queue], 60_000);
    await eventually(() => expect(dropped()).toBe(2));
    // Not another window.
    expect(performance.now() - began).toBeLessThan(WINDOW_MS);
    ran = 0;
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(queue, { durable: false });
      await callFrom([queue]);
      await eventually(async () => expect((await channel.checkQueue(queue)).messageCount).toBe(1));
      await channel.deleteQueue(queue);
    });
  });

  it('is dropped above the limit of waiting replies, in number or in bytes', async () => {
    await begin({ limits: { waitingReplies: 3 } });
    await callFrom(Array.from({ length: 5 }, newQueue));
    await eventually(() => expect(serving.counts).toMatchObject({ droppedReplies: 2, overLimit: 2 }));
    expect(logger.messages(/limits\.waitingReplies/)).toHaveLength(2);
    for (const close of open.splice(0).reverse()) await close();
    await begin({ limits: { waitingReplyBytes: 500 } });
    await callFrom(Array.from({ length: 5 }, newQueue));
    await eventually(() => expect(serving.counts.overLimit).toBeGreaterThan(0));
    expect(serving.counts.overLimit).toBeLessThan(5);
  });

  it('delays the stop of a server for the drain timeout at most', async () => {
    await begin({ drainTimeout: '700ms' });
    await callFrom([newQueue(), newQueue()]);
    const began = performance.now();
    await server.stop();
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(650);
    expect(took).toBeLessThan(20_000);
    expect(logger.messages(/2 replies still waited/)).toHaveLength(1);
    await serving.cleanup();
    expect(serving.counts.droppedReplies).toBe(2);
  });

  it('lets a server stop as soon as it is delivered', async () => {
    await begin({ drainTimeout: 40 });
    const queue = newQueue();
    await callFrom([queue]);
    const stopped = server.stop();
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(queue, { durable: false }));
    const began = performance.now();
    await stopped;
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ messages: 1 });
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
  });

  it('keeps its request unacknowledged in at-least-once mode', async () => {
    await begin({ delivery: 'at-least-once', drainTimeout: 0.1 });
    await callFrom([newQueue()]);
    await server.stop();
    // It goes back, for a server that can answer it.
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 1 }));
  });

  it('acknowledges its request when the window has ended', async () => {
    await begin({ delivery: 'at-least-once', rabbit: { kombuMissingConsumerRetryTimeout: '300ms' } });
    await callFrom([newQueue()]);
    await eventually(() => expect(dropped()).toBe(1));
    await server.stop();
    expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 0 });
  });
});

describeWithRabbit('a reply queue of another name', () => {
  it.each([
    { anyReplyQueue: false, answers: 0 },
    { anyReplyQueue: true, answers: 1 },
  ])('is used only if that is allowed: $anyReplyQueue', async ({ anyReplyQueue, answers }) => {
    const topic = uniqueTopic('any');
    const queue = uniqueTopic('answers');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, anyReplyQueue });
    let ran = 0;
    const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [{ run: () => ++ran }]);
    await server.start();
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(queue, { exclusive: true });
      for (const name of [queue, 'x'.repeat(256)]) {
        const request = { method: 'run', args: {}, _msg_id: 'm', _reply_q: name, _unique_id: randomUUID() };
        channel.sendToQueue(topic, Buffer.from(JSON.stringify(request)));
      }
      await eventually(() => expect(ran).toBe(2));
      await server.stop();
      expect((await channel.checkQueue(queue)).messageCount).toBe(answers);
    });
    await transport.cleanup();
  });
});
