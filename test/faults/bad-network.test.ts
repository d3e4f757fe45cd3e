import { setTimeout as sleep } from 'node:timers/promises';
import { getRpcClient, MessageUndeliverable, type OsloMessagingOptions, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { CallWatch } from '../support/call-watch.js';
import { describeWithRabbit, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { SocketWatch } from '../support/leftovers.js';
import { ServedTopic, Side } from '../support/served-topic.js';
import { Stopwatch } from '../support/stopwatch.js';

const HEARTBEAT = 1;
/** A dead connection is noticed within three heartbeats; the rest is for connecting again. */
const NOTICED = 3 * HEARTBEAT * 1000 + 1000;

const sockets = new SocketWatch();
const endpoint = { echo: (_ctxt: unknown, { value }: { value: unknown }) => value };

/** Runs on a topic of its own, so that the tests can wait side by side. */
function served(
  test: (topic: ServedTopic, sides: readonly Side[]) => Promise<void>,
  options: OsloMessagingOptions = { rabbit: { heartbeatTimeoutThreshold: HEARTBEAT } },
) {
  return async () => {
    const topic = await ServedTopic.open(endpoint, options);
    try {
      await test(topic, [topic.serving, topic.calling]);
    } finally {
      for (const { proxy } of [topic.serving, topic.calling]) await proxy.heal();
      await topic.close();
    }
    for (const { proxy } of [topic.serving, topic.calling]) {
      await eventually(() => expect(proxy.connections).toBe(0));
    }
  };
}

/** Both connections of each side are given up and made again in time. */
async function noticed(sides: readonly Side[], accepted: readonly number[]): Promise<void> {
  const watch = new Stopwatch();
  for (const [n, { proxy }] of sides.entries()) {
    await eventually(() => expect(proxy.accepted).toBeGreaterThanOrEqual((accepted[n] ?? 0) + 2));
  }
  expect(watch.stop()).toBeLessThan(NOTICED);
}

describeWithRabbit('a bad network', { concurrent: true, timeout: 60_000 }, () => {
  it(
    'detects half-open connections within three heartbeats, and loses no call',
    served(async ({ client }, sides) => {
      const watch = new CallWatch();
      const accepted = sides.map(({ proxy }) => proxy.accepted);
      for (const { proxy } of sides) proxy.halfOpen();
      for (let n = 0; n < 20; n++) watch.call(client, 15);
      for (let n = 0; n < 20; n++) watch.call(client, 0.5);
      await noticed(sides, accepted);
      expect(await watch.settled()).toEqual({ right: 20, TIMEOUT: 20 });
      for (const { transport, proxy } of sides) {
        expect(transport.counts.lostConnections).toBe(2);
        // The dead ones are let go of, although nobody ever answers their goodbye.
        expect(sockets.openTo(proxy.port)).toBe(2);
      }
    }),
  );

  it(
    'detects a stalled network within three heartbeats, and ends calls at their deadlines',
    served(async ({ client }, sides) => {
      const watch = new CallWatch();
      const accepted = sides.map(({ proxy }) => proxy.accepted);
      for (const { proxy } of sides) proxy.stall();
      for (let n = 0; n < 20; n++) watch.call(client, 0.2 + n / 10);
      await noticed(sides, accepted);
      // Of the attempts to connect none comes to anything.
      for (let n = 0; n < 20; n++) watch.call(client, 0.2 + n / 10);
      await sleep(500);
      for (let n = 0; n < 20; n++) watch.call(client, 20);
      await sleep(2000);
      for (const { proxy } of sides) proxy.resume();
      expect(await watch.settled()).toEqual({ right: 20, TIMEOUT: 40 });
    }),
  );

  it.each(['toServer', 'toClient'] as const)('survives a stall in one direction: %s', async (direction) => {
    const test = served(async ({ client }, sides) => {
      const watch = new CallWatch();
      const accepted = sides.map(({ proxy }) => proxy.accepted);
      for (const { proxy } of sides) proxy.stall(direction);
      for (let n = 0; n < 20; n++) watch.call(client, 0.2 + n / 10);
      await noticed(sides, accepted);
      for (const { proxy } of sides) proxy.resume();
      for (let n = 0; n < 20; n++) watch.call(client, 20);
      const { right = 0, TIMEOUT = 0, ...rest } = await watch.settled();
      expect(rest).toEqual({});
      expect(right).toBeGreaterThanOrEqual(20);
      expect(right + TIMEOUT).toBe(40);
    });
    await test();
  });

  it(
    'connects and answers calls with a latency of 500 ± 300 ms each way',
    served(
      async ({ client, calling }, sides) => {
        const watch = new CallWatch();
        for (const { proxy } of sides) proxy.delay(500, 300);
        calling.proxy.cut();
        for (let n = 0; n < 50; n++) watch.call(client, 30);
        expect(await watch.settled()).toEqual({ right: 50 });
        const accepted = sides.map(({ proxy }) => proxy.accepted);
        for (let n = 0; n < 20; n++) watch.call(client, 30);
        expect(await watch.settled()).toEqual({ right: 70 });
        expect(sides.map(({ proxy }) => proxy.accepted)).toEqual(accepted);
      },
      { rabbit: { heartbeatTimeoutThreshold: 2 } },
    ),
  );

  it(
    'answers calls over a network that delivers single bytes',
    served(async ({ client }, sides) => {
      const watch = new CallWatch();
      for (const { proxy } of sides) proxy.slice(1);
      for (const { proxy } of sides) proxy.cut();
      for (let n = 0; n < 20; n++) watch.call(client, 30);
      expect(await watch.settled()).toEqual({ right: 20 });
    }),
  );

  it(
    'answers calls while connections are reset every two seconds',
    served(async ({ client }, sides) => {
      const watch = new CallWatch();
      for (const { proxy } of sides) proxy.cutEvery(2000);
      const end = new AbortController();
      const calling = watch.keepCalling(client, 5, 20, end.signal);
      for (const { transport } of sides) {
        await eventually(() => expect(transport.counts.lostConnections).toBeGreaterThanOrEqual(6), { within: 40_000 });
      }
      end.abort();
      await calling;
      for (const { proxy } of sides) proxy.cutEvery(0);
      const { right = 0, TIMEOUT = 0, ...rest } = await watch.settled();
      expect(rest).toEqual({});
      expect(TIMEOUT).toBeLessThan(right / 10);
      // The two at first, and one for each that was lost.
      for (const { proxy } of sides) await eventually(() => expect(proxy.accepted).toBeGreaterThanOrEqual(8));
    }),
  );

  it('fails to connect after five seconds to a broker that accepts and never speaks', async () => {
    const side = await Side.open();
    const { transport, proxy } = side;
    proxy.stall();
    const client = getRpcClient(transport, new Target({ topic: uniqueTopic() }), { retry: 0 });
    const began = performance.now();
    const watch = new Stopwatch();
    await expect(client.call({}, 'echo')).rejects.toThrow(/handshake within 5000 ms|ETIMEDOUT/);
    expect(watch.stop()).toBeLessThan(6000);
    expect(performance.now() - began).toBeGreaterThan(4500);
    proxy.resume();
    await expect(client.call({}, 'echo')).rejects.toBeInstanceOf(MessageUndeliverable);
    await side.close();
  });
});
