import { randomBytes } from 'node:crypto';
import { CallerGone, getCurrentRequest, MessagingTimeout } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

const CONCURRENCY = 4;
/** More than the server has slots. */
const LOST_REPLIES = 5 * CONCURRENCY;
const MEASURED = 200;
/** Difference that timers alone may make, in milliseconds. */
const NOISE_MS = 20;

describeWithRabbit('a caller that exits before its reply', () => {
  const opened: ServedTopic[] = [];
  const replyQueue = `reply_${randomBytes(16).toString('hex')}`;
  let ran: number;

  const endpoint = { echo: (_ctxt: unknown, { value }: { value: unknown }) => value, run: () => void ran++ };

  beforeEach(() => {
    ran = 0;
  });
  afterEach(async () => {
    for (const served of opened.splice(0)) await served.close();
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(replyQueue));
  });

  /** @param window seconds for which a reply waits for its queue */
  async function serve(window: number): Promise<ServedTopic> {
    const rabbit = { kombuMissingConsumerRetryTimeout: window };
    const served = await ServedTopic.open(endpoint, { concurrency: CONCURRENCY, drainTimeout: '500ms', rabbit });
    opened.push(served);
    return served;
  }

  /** Calls of callers that do not live to get a reply. @param expiration milliseconds that each had waited */
  async function requestWithoutReplyQueue({ topic }: ServedTopic, expiration: number): Promise<void> {
    await withChannel(rabbitUrl, async (channel) => {
      for (let n = 0; n < LOST_REPLIES; n++) {
        const id = randomBytes(16).toString('hex');
        const request = { method: 'run', args: {}, _msg_id: id, _reply_q: replyQueue, _unique_id: id };
        channel.sendToQueue(topic, Buffer.from(JSON.stringify(request)), { expiration });
      }
      await channel.waitForConfirms();
    });
    await eventually(() => expect(ran).toBe(LOST_REPLIES));
  }

  it('does not delay others: nine of ten calls take at most twice the time', async () => {
    const [affected, undisturbed] = [await serve(60), await serve(60)];
    await requestWithoutReplyQueue(affected, 60_000);
    const times = { affected: [] as number[], undisturbed: [] as number[] };
    const measure = async (served: ServedTopic, into: number[], value: number) => {
      const began = performance.now();
      expect(await served.client.call({}, 'echo', { value })).toBe(value);
      into.push(performance.now() - began);
    };
    // Side by side, since a busy machine is slow to both.
    for (let n = 0; n < MEASURED; n++) {
      await Promise.all([measure(affected, times.affected, n), measure(undisturbed, times.undisturbed, n)]);
    }
    expect(p90(times.affected)).toBeLessThan(2 * p90(times.undisturbed) + NOISE_MS);
    expect(affected.serving.transport.counts.droppedReplies).toBe(0);
  });

  it('gets its reply when its queue is back in time', async () => {
    const served = await serve(60);
    await requestWithoutReplyQueue(served, 60_000);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(replyQueue, { durable: false }));
    await eventually(async () =>
      expect(await queueDepth(rabbitUrl, replyQueue)).toMatchObject({ messages: LOST_REPLIES }),
    );
    expect(served.serving.transport.counts.droppedReplies).toBe(0);
  });

  it.each([
    ['its caller has given up', 60, 1500],
    ['the window ends', 1.5, 60_000],
  ])('loses its reply, which is counted, when %s', async (_when, window, expiration) => {
    const served = await serve(window);
    const began = performance.now();
    await requestWithoutReplyQueue(served, expiration);
    await eventually(() => expect(served.serving.transport.counts.droppedReplies).toBe(LOST_REPLIES));
    expect(performance.now() - began).toBeGreaterThan(1450);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(replyQueue, { durable: false }));
    await served.ping();
    expect(await queueDepth(rabbitUrl, replyQueue)).toMatchObject({ messages: 0 });
  });
});

describeWithRabbit('a caller that asks for heartbeats', () => {
  const MONITOR_SECONDS = 2;
  let served: ServedTopic;
  let signals: AbortSignal[];
  let finish: () => void;

  beforeEach(async () => {
    signals = [];
    const done = new Promise<string>((resolve) => {
      finish = () => resolve('done');
    });
    const work = () => {
      const signal = getCurrentRequest()?.getSignal();
      if (signal) signals.push(signal);
      return done;
    };
    served = await ServedTopic.open({ work }, { drainTimeout: '200ms' });
  });
  afterEach(() => served.close());

  const call = (callMonitorTimeout = MONITOR_SECONDS) => served.client.prepare({ callMonitorTimeout }).call({}, 'work');
  const heartbeats = () => served.serving.sent(/ending\\*": *false/).length;

  it('is not gone while it reconnects', async () => {
    // Long enough for a caller that hears of no heartbeat while it is cut off.
    const answer = call(3 * MONITOR_SECONDS);
    await eventually(() => expect(signals).toHaveLength(1));
    const before = heartbeats();
    const cutting = setInterval(() => served.calling.proxy.cut(), 100);
    await eventually(() => expect(heartbeats()).toBeGreaterThan(before));
    clearInterval(cutting);
    await served.ping();
    expect(signals[0]?.aborted).toBe(false);
    finish();
    expect(await answer).toBe('done');
  });

  it('is gone without its reply queue', async () => {
    const answer = call().catch((error: unknown) => error);
    await eventually(() => expect(signals).toHaveLength(1));
    const queue = served.calling.transport.health().replyQueue?.queue ?? '';
    await served.calling.proxy.refuse();
    served.calling.proxy.cut();
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
    await eventually(() => expect(signals[0]?.reason).toBeInstanceOf(CallerGone));
    await served.calling.proxy.accept();
    expect(await answer).toBeInstanceOf(MessagingTimeout);
    finish();
  });
});

function p90(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.9)] ?? 0;
}
