import { getRpcServer, getRpcTransport, RPCClient, type RPCServer, Target } from 'nestjs-oslo-messaging';
import { beforeEach, expect, it } from 'vitest';
import { openTap, type Tap, type TapEvent, type TapOptions } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import { borrowNode, returnNode } from '../../support/borrowed-node.js';
import { describeWithPython, describeWithRabbit, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { latch } from '../../support/latch.js';
import { PythonPeer } from '../../support/python-peer.js';
import { makeRawCalls } from '../../support/raw-calls.js';
import { silent } from '../../support/silent.js';
import { TappedBroker, type TappedVhost } from '../../support/tapped-broker.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const TOKEN = 'gAAAAAB-token-of-the-tap-test';
const CONTEXT = { request_id: 'req-1', auth_token: TOKEN };
/** Class and method of the frame in which a queue is deleted. */
const QUEUE_DELETE = Buffer.from([0, 50, 0, 40]);

const broker = new TappedBroker();
let vhost: TappedVhost;
let topic: string;

/** Events and notices of a tap, as they come. */
interface Watched {
  readonly tap: Tap;
  readonly events: TapEvent[];
  readonly notices: string[];
}

async function watch(options: Partial<TapOptions> & { managed?: boolean } = {}): Promise<Watched> {
  const { managed = true, ...given } = options;
  const notices: string[] = [];
  const tap = await openTap({
    broker: {
      transportUrl: vhost.url,
      rabbit: managed ? { managementUrl: broker.managementUrl } : {},
      rpcResponseTimeout: 20,
      logger: silent,
    },
    topic,
    exchange: 'tacker',
    replies: true,
    notice: (line) => notices.push(line),
    ...given,
  });
  broker.defer(() => tap.close());
  const events: TapEvent[] = [];
  void (async () => {
    for await (const event of tap) events.push(event);
  })();
  return { tap, events, notices };
}

function connect(connectionName: string) {
  const transport = getRpcTransport({
    transportUrl: vhost.url,
    logger: silent,
    rpcResponseTimeout: 20,
    // A handler of a test hangs.
    drainTimeout: 0.05,
    connectionName,
  });
  broker.defer(() => transport.cleanup());
  return transport;
}

async function serve(): Promise<RPCServer> {
  const released = latch();
  const endpoint = {
    add: (_context: unknown, { a, b }: { a: number; b: number }) => a + b,
    fail: (context: { auth_token: string }) => {
      throw new RangeError(`no access with ${context.auth_token}`);
    },
    hang: () => released.promise,
    note: () => undefined,
  };
  const transport = connect('tapped-server');
  const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]);
  broker.defer(() => {
    released.resolve();
    return server.stop();
  });
  await server.start();
  return server;
}

const client = () => new RPCClient(connect('tapped-client'), new Target({ topic }));

/** Requests in all places of the counts; as many as were received. */
function accounted({ counts }: Tap): number {
  const { shown, filtered, notShown, pending, calls, casts, undecodableRequests } = counts;
  expect(shown + filtered + notShown + pending).toBe(calls + casts + undecodableRequests);
  return calls + casts + undecodableRequests;
}

beforeEach(async () => {
  topic = uniqueTopic();
});

describeWithRabbit('a tap with replies', () => {
  beforeEach(async () => {
    vhost = await broker.addVhost();
  });

  it('reports calls, casts, failures, timeouts and undeliverable requests, and leaves no trace', async () => {
    const { tap, events } = await watch();
    expect(tap.tracing).toBe('turned on');
    await serve();
    const caller = client();
    expect(await caller.call(CONTEXT, 'add', { a: 1, b: 2, password: 'hunter2222' })).toBe(3);
    await expect(caller.call(CONTEXT, 'fail', {})).rejects.toThrow();
    await caller.prepare({ server: 'one' }).cast(CONTEXT, 'note', {});
    await caller.prepare({ fanout: true }).cast(CONTEXT, 'note', { all: true });
    await expect(caller.prepare({ server: 'ghost' }).call(CONTEXT, 'add', {})).rejects.toThrow(
      /MessageUndeliverable|queue/,
    );
    await expect(caller.prepare({ timeout: 0.3 }).call(CONTEXT, 'hang', {})).rejects.toThrow();
    await eventually(() => expect(events).toHaveLength(6));
    const base = { topic, exchange: 'tacker', context: { request_id: 'req-1', auth_token: '***' } };
    expect(events).toEqual([
      expect.objectContaining({ ...base, type: 'call', outcome: 'result', result: 3 }),
      expect.objectContaining({ ...base, outcome: 'error', error: expect.objectContaining({ class: 'ValueError' }) }),
      expect.objectContaining({ ...base, type: 'cast', server: 'one', fanout: false }),
      expect.objectContaining({ type: 'cast', fanout: true, exchange: `${topic}_fanout`, args: { all: true } }),
      expect.objectContaining({ ...base, type: 'call', outcome: 'undeliverable', server: 'ghost' }),
      expect.objectContaining({ ...base, outcome: 'timeout', method: 'hang' }),
    ]);
    expect(events[0]).toMatchObject({ args: { a: 1, b: 2, password: '***' }, durationMs: expect.any(Number) });
    expect(events[0]).toMatchObject({ caller: { user: 'guest', connection: expect.stringMatching(/^127.*->/) } });
    expect(events[1]).toMatchObject({ error: { message: 'no access with ***' } });
    expect(JSON.stringify(events)).not.toContain(TOKEN);
    expect(accounted(tap)).toBe(6);
    expect(tap.summary().methods).toContainEqual(expect.objectContaining({ method: 'hang', calls: 1, timeouts: 1 }));
    await tap.close();
    expect(await broker.isTracing(vhost)).toBe(false);
    expect(await broker.tapQueues(vhost)).toEqual([]);
  });

  it('counts each call and each reply at the highest rate of the broker', async () => {
    const { tap, events } = await watch({ buffer: 500 });
    const made = 15_000;
    await makeRawCalls(vhost.url, topic, made);
    await tap.close();
    const { counts } = tap;
    expect(accounted(tap) + counts.lostRequests).toBe(made);
    expect(counts.results + counts.lateReplies + counts.otherReplies + counts.lostReplies).toBe(made);
    expect(counts).toMatchObject({ pending: 0, interruptions: 0, lostIsExact: true });
    await eventually(() => expect(events).toHaveLength(counts.shown));
  });

  it('says that it has lost messages which do not arrive before its end', async () => {
    const proxy = await TcpProxy.start(Number(new URL(vhost.url).port));
    broker.defer(() => proxy.close());
    const { tap } = await watch({
      broker: {
        transportUrl: vhost.url.replace(/:\d+\//, `:${proxy.port}/`),
        rabbit: { managementUrl: broker.managementUrl },
        rpcResponseTimeout: 20,
        logger: silent,
      },
    });
    proxy.stall('toClient');
    // The tap gives up waiting when it deletes its queue.
    proxy.observe('toServer', (chunk) => chunk.includes(QUEUE_DELETE) && proxy.resume());
    await tap.close();
    expect(tap.counts).toMatchObject({ lostIsExact: false, interruptions: 0 });
  });

  it('ends at once when an alarm begins while it closes', async () => {
    // An alarm concerns all virtual hosts.
    const node = await borrowNode();
    broker.defer(() => returnNode(node));
    const { url, managementUrl = '' } = node;
    const proxy = await TcpProxy.start(Number(new URL(url).port));
    broker.defer(() => proxy.close());
    const transportUrl = url.replace(/:\d+\//, `:${proxy.port}/`);
    const { tap, notices } = await watch({
      broker: { transportUrl, rabbit: { managementUrl }, rpcResponseTimeout: 20, logger: silent },
    });
    // The broker names an alarm when a connection publishes: here with the last question of the tap, which is on its way.
    proxy.stall('toServer');
    const closed = tap.close();
    await node.rabbitmqctl('set_vm_memory_high_watermark', '0.0000001');
    const resumed = performance.now();
    proxy.resume();
    await closed;
    expect(performance.now() - resumed).toBeLessThan(3000);
    expect(notices).toContainEqual(expect.stringContaining('Tracing stays on because of the alarm'));
  });

  it('names the connections of callers that the management API knows', async () => {
    const { events } = await watch();
    await serve();
    const caller = client();
    await eventually(
      async () => {
        await caller.call(CONTEXT, 'add', { a: 1, b: 2 });
        expect(events.at(-1)).toMatchObject({
          caller: { name: expect.stringContaining('tapped-client') },
          repliedBy: { name: expect.stringContaining('tapped-server') },
        });
      },
      { within: 40_000, every: 500 },
    );
  });

  it('keeps what the virtual host is described by, and tracing that was on', async () => {
    await broker.fetch(`vhosts/${vhost.vhost}`, 'PUT', { description: 'of the tap', tags: 'one,two', tracing: false });
    const before = await broker.vhost(vhost.vhost);
    const { tap } = await watch();
    expect(await broker.isTracing(vhost)).toBe(true);
    await tap.close();
    const after = await broker.vhost(vhost.vhost);
    expect([after['description'], after['tags'], after['tracing']]).toEqual([
      before['description'],
      before['tags'],
      false,
    ]);
    expect(after['description']).toBe('of the tap');
    await broker.fetch(`vhosts/${vhost.vhost}`, 'PUT', { tracing: true });
    const other = await watch();
    expect(other.tap.tracing).toBe('was on');
    await other.tap.close();
    expect(await broker.isTracing(vhost)).toBe(true);
  });

  it('leaves tracing on for another tap, and the last one turns it off', async () => {
    const first = await watch();
    const second = await watch();
    expect(second.tap.tracing).toBe('turned on');
    await first.tap.close();
    expect(await broker.isTracing(vhost)).toBe(true);
    await serve();
    await client().call(CONTEXT, 'add', { a: 1, b: 2 });
    await eventually(() => expect(second.events).toHaveLength(1));
    await second.tap.close();
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('turns on tracing again that somebody turned off, and says so', async () => {
    const { tap, events, notices } = await watch();
    await broker.fetch(`vhosts/${vhost.vhost}`, 'PUT', { tracing: false });
    await eventually(() => expect(events).toEqual([expect.objectContaining({ type: 'interruption' })]));
    expect(notices).toContainEqual(expect.stringContaining('turned off tracing'));
    expect(await broker.isTracing(vhost)).toBe(true);
    expect(tap.counts.interruptions).toBe(1);
  });

  it('goes on after a lost connection, and reports the gap', async () => {
    const { tap, events } = await watch();
    await broker.closeConnections(vhost);
    await eventually(() => expect(events).toContainEqual(expect.objectContaining({ type: 'interruption' })));
    await serve();
    await client().call(CONTEXT, 'add', { a: 1, b: 2 });
    await eventually(() => expect(events).toContainEqual(expect.objectContaining({ outcome: 'result' })));
    await tap.close();
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('counts traced messages that the broker dropped, but not its own', async () => {
    const { tap } = await watch();
    const dropped = await eventually(async () => {
      const found = (await broker.tapQueues(vhost)).find((name) => name.endsWith('_dropped'));
      return found ?? expect.fail('there is no queue of dropped messages');
    });
    await withChannel(vhost.url, async (channel) => {
      const drop = (exchange: string, key: string) =>
        channel.sendToQueue(dropped, Buffer.from('{}'), {
          headers: { exchange_name: exchange, routing_keys: [key], properties: {} },
        });
      for (const key of [topic, `${topic}.one`, 'another-topic']) drop('tacker', key);
      drop('', 'reply_1');
      drop('', dropped);
      await eventually(() => expect(tap.counts).toMatchObject({ lostRequests: 2, lostReplies: 1, lostIsExact: true }));
    });
    expect(accounted(tap)).toBe(0);
  });

  it('needs a user that may switch tracing', async () => {
    const name = `${vhost.vhost}-user`;
    const url = await broker.addUser(vhost, name, { tags: 'management' });
    const options = (managed: boolean) => ({
      broker: { transportUrl: url, logger: silent, rabbit: managed ? { managementUrl: broker.managementUrl } : {} },
    });
    await expect(watch(options(true))).rejects.toThrow(/tag "administrator"/);
    await expect(watch(options(false))).rejects.toThrow(`rabbitmqctl trace_on -p ${vhost.vhost}`);
    expect(await broker.tapQueues(vhost)).toEqual([]);
    await broker.fetch(`vhosts/${vhost.vhost}`, 'PUT', { tracing: true });
    expect((await watch(options(false))).tap.tracing).toBe('was on');
  });
});

describeWithRabbit('a tap without replies', () => {
  beforeEach(async () => {
    vhost = await broker.addVhost();
  });

  it('reports requests at once, and takes nothing from the queues of others', async () => {
    const { tap, events, notices } = await watch({ replies: false });
    expect(notices).toEqual([
      expect.stringContaining(`No queue takes requests to the topic "${topic}" on the exchange "tacker" yet`),
    ]);
    await serve();
    const caller = client();
    await eventually(async () => {
      expect(await caller.call(CONTEXT, 'add', { a: 1, b: 2 })).toBe(3);
      expect(events.length).toBeGreaterThan(0);
    });
    expect(events.at(-1)).toMatchObject({ type: 'call', outcome: 'unknown', args: { a: 1, b: 2 } });
    expect(events.at(-1)).not.toHaveProperty('durationMs');
    expect([tap.tracing, await broker.isTracing(vhost)]).toEqual(['not used', false]);
    const before = events.length;
    await withChannel(vhost.url, async (channel) => {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, 'tacker', `${topic}.idle`);
      let sent = 0;
      await eventually(async () => {
        await caller.prepare({ server: 'idle' }).cast(CONTEXT, 'note', {});
        sent++;
        expect(events.length).toBeGreaterThan(before);
      });
      expect((await channel.checkQueue(queue)).messageCount).toBe(sent);
    });
  });

  it('says that no queue takes requests on a mistyped exchange, though fanouts have one', async () => {
    await serve();
    const { events, notices } = await watch({ replies: false, exchange: 'takcer' });
    expect(notices).toEqual([
      `No queue takes requests to the topic "${topic}" on the exchange "takcer" yet; waiting for one`,
    ]);
    await client().prepare({ fanout: true }).cast(CONTEXT, 'note', {});
    await eventually(() => expect(events).toMatchObject([{ type: 'cast', fanout: true }]));
  });

  it('refuses filters that need replies', async () => {
    await expect(watch({ replies: false, filter: { errorsOnly: true } })).rejects.toThrow(/replies/);
  });

  it('needs permissions of its own queues', async () => {
    const name = `${vhost.vhost}-user`;
    const url = await broker.addUser(vhost, name, { permissions: ['^reply_', '.*', '.*'] });
    const refused = watch({ replies: false, broker: { transportUrl: url, logger: silent } });
    await expect(refused).rejects.toThrow(/ACCESS.REFUSED.*configure, write and read on "\^oslo_tap_"/);
    await expect(refused).rejects.not.toThrow(/pa55w0rd/);
  });

  it('survives damaged messages and hostile headers', async () => {
    await serve();
    const { tap, events } = await watch({ replies: false });
    await withChannel(vhost.url, async (channel) => {
      const publish = (text: string, headers: object = {}) =>
        channel.publish('tacker', topic, Buffer.from(text), { headers });
      publish(`{"oslo.version": "2.0", "oslo.message": "{\\"_context_auth_token\\": \\"${TOKEN}`);
      publish('{"oslo.version": "3.0", "oslo.message": "{}"}');
      publish('{"method": "bare", "args": {}}', { compression: 'application/x-rar' });
      publish(`{"method": "bare", "args": ${'['.repeat(200)}${']'.repeat(200)}}`);
      publish('{"method": "bare", "args": {}}', { big: { '!': 'int64', value: 2 ** 40 } });
      await eventually(() => expect(events).toHaveLength(5));
    });
    expect(events.map(({ type }) => type)).toEqual([...Array(4).fill('undecodable'), 'cast']);
    expect(JSON.stringify(events)).not.toContain(TOKEN);
    expect(accounted(tap)).toBe(5);
  });

  it('counts the messages that a stalled reader misses', async () => {
    await serve();
    const tap = await openTap({
      broker: { transportUrl: vhost.url, logger: silent },
      topic,
      exchange: 'tacker',
      buffer: 100,
    });
    broker.defer(() => tap.close());
    const caller = client();
    for (let count = 0; count < 20; count++)
      await Promise.all(Array.from({ length: 50 }, () => caller.cast({}, 'note', {})));
    await eventually(() => expect(accounted(tap)).toBe(1000));
    expect(tap.counts).toMatchObject({ shown: 100, notShown: 900, lostRequests: 0, lostIsExact: true });
  });
});

describeWithPython('a tap on Python', () => {
  let python: PythonPeer;

  beforeEach(async () => {
    vhost = await broker.addVhost();
    python = await PythonPeer.start(vhost.url, { extraHeaders: true });
    broker.defer(() => python.stop());
  });

  it('matches the calls of Python to their replies, in both directions', async () => {
    const { tap, events } = await watch();
    await python.startServer({ topic, server: 'py' });
    expect(await client().call(CONTEXT, 'add', { a: 1, b: 2 })).toBe(3);
    await expect(python.call({ topic, method: 'fail', args: { kind: 'ValueError', message: 'no' } })).rejects.toThrow();
    await python.call({ topic, method: 'big_int' });
    await eventually(() => expect(events).toHaveLength(3));
    expect(events).toEqual([
      expect.objectContaining({ outcome: 'result', result: 3, context: { request_id: 'req-1', auth_token: '***' } }),
      expect.objectContaining({
        outcome: 'error',
        error: {
          class: 'ValueError',
          module: 'builtins',
          message: 'no',
          traceback: expect.arrayContaining([expect.stringContaining('in _raise')]),
        },
      }),
      expect.objectContaining({ outcome: 'result', result: expect.any(BigInt) }),
    ]);
    expect(accounted(tap)).toBe(3);
  });

  it('sees messages with headers of every type', async () => {
    const { events } = await watch();
    await python.startServer({ topic, server: 'py' });
    for (const kind of ['integer of 41 bits', 'deep table', 'every type', 'prototype', 'many'] as const) {
      await python.chooseHeaders(kind);
      await python.call({ topic, method: 'add', args: { a: 1, b: 2 } });
    }
    await eventually(() => expect(events).toHaveLength(5));
    expect(events.every((event) => event.type === 'call' && event.outcome === 'result')).toBe(true);
  });
});
