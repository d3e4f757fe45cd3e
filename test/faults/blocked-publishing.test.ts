import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { BrokerInspector } from '../support/broker-inspector.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ignore = () => undefined;

/** Returns the outcomes of many promises, updated as they settle. */
function outcomesOf(promises: Promise<unknown>[]) {
  const fate = { done: 0, refused: [] as Error[], failed: [] as Error[] };
  for (const promise of promises) {
    promise.then(
      () => fate.done++,
      (error: Error & { code: string }) => (error.code === 'CLIENT_SEND' ? fate.refused : fate.failed).push(error),
    );
  }
  return fate;
}

describeWithRabbitControl('publishing that the broker does not confirm', () => {
  let node: RabbitNode;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    node = await borrowNode();
  });
  afterAll(() => returnNode(node));
  afterEach(async () => {
    await alarm(false);
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const alarm = (raised: boolean) => node.alarm(raised);

  /** Messages in a queue, the unacknowledged ones as well. */
  async function left(name: string): Promise<number | undefined> {
    return (await new BrokerInspector(node).queue(name))?.messages;
  }

  function connect(limits: OsloMessagingOptions['limits'], transportUrl = node.url): OsloMessagingOptions {
    return { transportUrl, logger: silent, rpcResponseTimeout: '60s', limits: limits ?? {} };
  }

  function rpc(options: OsloMessagingOptions): { transport: Transport; client: RPCClient } {
    const transport = getRpcTransport(options);
    cleanups.push(() => transport.cleanup());
    return { transport, client: new RPCClient(transport, new Target({ topic: 'blocked' })) };
  }

  it('is bounded in number during an alarm, and continues afterwards', async () => {
    const { client } = rpc(connect({ pendingPublishes: 20 }));
    await client.cast({}, 'warm_up');
    await alarm(true);
    const casts = Array.from({ length: 25 }, (_, n) => client.cast({}, 'method', { n }));
    const fate = outcomesOf(casts);
    await eventually(() => expect(fate.refused).toHaveLength(5));
    for (const error of fate.refused) expect(error.message).toContain('limits.pendingPublishes');
    await expect(client.call({}, 'method')).rejects.toMatchObject({ code: 'CLIENT_SEND', method: 'method' });
    expect(fate.done).toBe(0);
    await alarm(false);
    await eventually(() => expect(fate).toMatchObject({ done: 20, failed: [] }), { within: 15_000 });
    await client.cast({}, 'method');
  });

  it('is bounded in bytes', async () => {
    const { client } = rpc(connect({ pendingPublishBytes: 100_000 }));
    await client.cast({}, 'warm_up');
    await alarm(true);
    const text = 'x'.repeat(30_000);
    const fate = outcomesOf(Array.from({ length: 5 }, () => client.cast({}, 'method', { text })));
    await eventually(() => expect(fate.refused).toHaveLength(2));
    for (const error of fate.refused) expect(error.message).toMatch(/\d+ bytes.*limits\.pendingPublishBytes/);
    await alarm(false);
    await eventually(() => expect(fate).toMatchObject({ done: 3, failed: [] }), { within: 15_000 });
  });

  it('counts notifications against the bound', async () => {
    const transport = getNotificationTransport(connect({ pendingPublishes: 3 }));
    cleanups.push(() => transport.cleanup());
    const notifier = new Notifier(transport, { publisherId: 'p', topics: ['blocked'] });
    await notifier.info({}, 'warm_up', {});
    await alarm(true);
    const fate = outcomesOf(Array.from({ length: 5 }, () => notifier.info({}, 'event', {})));
    await eventually(() => expect(fate.refused).toHaveLength(2));
  });

  it('does not count replies, which the concurrency of the server bounds', async () => {
    const { transport } = rpc(connect({ pendingPublishes: 2 }));
    let finish: () => void = ignore;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let started = 0;
    const endpoint = {
      wait: async () => {
        started++;
        await finished;
        return 'done';
      },
    };
    const server = getRpcServer(transport, new Target({ topic: 'blocked', server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop({ graceful: false }));
    const { client } = rpc(connect({}));
    const calls = Array.from({ length: 5 }, () => client.prepare({ server: 'one' }).call({}, 'wait'));
    await eventually(() => expect(started).toBe(5));
    await alarm(true);
    finish();
    await alarm(false);
    expect(await Promise.all(calls)).toEqual(Array(5).fill('done'));
  });

  it('does not accumulate heartbeats', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    cleanups.push(async () => vi.useRealTimers());
    const { transport } = rpc(connect({}));
    let started = false;
    let finish: () => void = ignore;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const endpoint = {
      wait: () => {
        started = true;
        return finished;
      },
    };
    const server = getRpcServer(transport, new Target({ topic: 'beating', server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop({ graceful: false }));
    const replyQueue = `reply_${'0'.repeat(32)}`;
    const request = { method: 'wait', args: {}, _msg_id: 'm', _reply_q: replyQueue, _timeout: 2 };
    await withChannel(node.url, async (channel) => {
      await channel.assertQueue(replyQueue, { durable: false });
      channel.sendToQueue('beating', Buffer.from(JSON.stringify(request)));
      await channel.waitForConfirms();
    });
    await eventually(() => expect(started).toBe(true));
    await alarm(true);
    for (let second = 0; second < 20; second++) await vi.advanceTimersByTimeAsync(1000);
    finish();
    await alarm(false);
    // The heartbeat that waited, and the reply.
    await eventually(async () => expect((await queueDepth(node.url, replyQueue))?.messages).toBe(2));
  });

  it('shows in health for publishing alone, while consumers continue', async () => {
    const { transport } = rpc({ ...connect({}), concurrency: 1 });
    let finish: () => void = ignore;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const seen: unknown[] = [];
    const endpoint = {
      note: async (_context: object, { n }: { n?: number }) => {
        await finished;
        seen.push(n);
      },
    };
    const server = getRpcServer(transport, new Target({ topic: 'going-on', server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop({ graceful: false }));
    const client = new RPCClient(transport, new Target({ topic: 'going-on' }));
    for (let n = 0; n < 20; n++) await client.cast({}, 'note', { n });
    await alarm(true);
    const late = client.cast({}, 'note', { n: 20 });
    await eventually(() => expect(transport.health().publishing).toBe('blocked'));
    expect(transport.health()).toMatchObject({
      status: 'blocked',
      consuming: 'connected',
      pendingPublishes: 1,
      inWork: 1,
    });
    expect(transport.health().consumers.map(({ attached }) => attached)).toEqual([true, true, true]);
    expect(transport.health().blockedSeconds).toBeGreaterThan(0);
    finish();
    await eventually(() => expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n)));
    await alarm(false);
    await late;
    expect(transport.health()).toMatchObject({ status: 'connected', publishing: 'connected', pendingPublishes: 0 });
  });

  it('runs no message that failed for its caller', async () => {
    const { transport } = rpc(connect({}));
    const ran: unknown[] = [];
    const endpoint = {
      run: (_context: object, { n }: { n: number }) => {
        ran.push(n);
        return n;
      },
    };
    const server = getRpcServer(transport, new Target({ topic: 'told', server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop({ graceful: false }));
    const { transport: sending } = rpc(connect({}));
    const client = new RPCClient(sending, new Target({ topic: 'told' }));
    await client.call({}, 'run', { n: 0 });
    await alarm(true);
    // The broker says so when the first message comes.
    const first = client.cast({}, 'run', { n: 1 });
    await eventually(() => expect(sending.health().publishing).toBe('blocked'));
    const shortLived = client.prepare({ timeout: 1 });
    const calls = [2, 3, 4].map((n) => shortLived.call({}, 'run', { n }).catch((error: unknown) => error));
    const casts = [5, 6, 7].map((n) => shortLived.cast({}, 'run', { n }).catch((error: unknown) => error));
    const why = 'the broker blocks publishing (low on memory), so nothing was sent';
    for (const error of await Promise.all(calls))
      expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining(why) });
    for (const error of await Promise.all(casts))
      expect(error).toMatchObject({ code: 'DELIVERY_FAILURE', message: expect.stringContaining(why) });
    // The one that was written before the alarm was known.
    await eventually(() => expect(sending.health()).toMatchObject({ pendingPublishes: 1, pendingCalls: 0 }));
    await alarm(false);
    await first;
    expect(await client.call({}, 'run', { n: 8 })).toBe(8);
    expect(ran).toEqual([0, 1, 8]);
  });

  it('lets a transport close within two seconds', async () => {
    const { transport, client } = rpc(connect({}));
    await client.cast({}, 'warm_up');
    await alarm(true);
    const fate = outcomesOf([client.cast({}, 'method')]);
    const status = await new Promise((resolve) => {
      const end = transport.driver.onStatus((now) => {
        if (now !== 'blocked') return;
        queueMicrotask(() => end());
        resolve(now);
      });
    });
    expect(status).toBe('blocked');
    expect(await Stopwatch.time(() => transport.cleanup())).toBeLessThan(2000);
    await eventually(() => expect(fate.failed).toMatchObject([{ code: 'DELIVERY_FAILURE' }]));
  });

  it('lets consumers handle and acknowledge queued messages', async () => {
    const { transport, client } = rpc(connect({}));
    let handled = 0;
    let finish: () => void = ignore;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const endpoint = {
      wait: async () => {
        await finished;
        handled++;
      },
    };
    const options = { ...connect({}), concurrency: 2 };
    const serving = getRpcTransport(options);
    cleanups.push(() => serving.cleanup());
    const server = getRpcServer(serving, new Target({ topic: 'going-on', server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop({ graceful: false }));
    const going = new RPCClient(transport, new Target({ topic: 'going-on' }));
    for (let n = 0; n < 20; n++) await going.cast({}, 'wait');
    await alarm(true);
    const blocked = outcomesOf([client.cast({}, 'method')]);
    finish();
    await eventually(() => expect(handled).toBe(20));
    // Acknowledged, too: none of them comes again.
    await eventually(async () => expect(await left('going-on')).toBe(0));
    expect(blocked).toMatchObject({ done: 0, failed: [] });
  });

  it.each([
    ['a message is too large', { topic: 'allowed', text: 'x'.repeat(200_000) }, /406.*message size \d+ .*larger/],
    ['its topic is forbidden', { topic: 'forbidden', text: '' }, /403.*access to topic 'forbidden'/],
  ])('fails one publish at once, and no other, if %s', async (_why, { topic, text }, reason) => {
    await node.rabbitmqctl('eval', 'application:set_env(rabbit, max_message_size, 100000).');
    await node.rabbitmqctl('add_user', topic, 'secret');
    await node.rabbitmqctl('set_permissions', topic, '.*', '.*', '.*');
    await node.rabbitmqctl('set_topic_permissions', topic, 'tacker', '^allowed', '.*');
    const { client } = rpc(connect({}, node.url.replace('guest:guest', `${topic}:secret`)));
    await client.prepare({ topic: 'allowed' }).cast({}, 'warm_up');
    const began = performance.now();
    // One after the other, each of which closes the channel under the others.
    const tooLarge = Array.from({ length: 3 }, () => client.prepare({ topic }).cast({}, 'method', { text }));
    const others = Array.from({ length: 20 }, () =>
      client.prepare({ topic: 'allowed', retry: 0 }).cast({}, 'method', {}),
    );
    const refused = { code: 'DELIVERY_FAILURE', message: expect.stringMatching(reason) };
    // All at once: a rejection that nobody awaits yet counts as unhandled.
    await Promise.all([...tooLarge.map((cast) => expect(cast).rejects.toMatchObject(refused)), ...others]);
    // Far below the 60 s that each of them had.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('is bounded on a stalled connection', async () => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const { client } = rpc(connect({ pendingPublishes: 10 }, proxy.url));
    await client.cast({}, 'warm_up');
    proxy.stall();
    const fate = outcomesOf(Array.from({ length: 12 }, (_, n) => client.cast({}, 'method', { n })));
    await eventually(() => expect(fate.refused).toHaveLength(2));
    proxy.resume();
    await eventually(() => expect(fate).toMatchObject({ done: 10, failed: [] }));
  });

  it('is bounded without a connection', async () => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const options = { ...connect({ pendingPublishes: 10 }, proxy.url), rabbit: { rabbitRetryInterval: '50ms' } };
    const { client } = rpc(options);
    await proxy.refuse();
    const fate = outcomesOf(Array.from({ length: 12 }, (_, n) => client.cast({}, 'method', { n })));
    await eventually(() => expect(fate.refused).toHaveLength(2));
    await proxy.accept();
    await eventually(() => expect(fate).toMatchObject({ done: 10, failed: [] }), { within: 10_000 });
  });
});
