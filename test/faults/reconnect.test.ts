import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  MessagingTimeout,
  type OsloMessagingOptions,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ignore = () => undefined;

interface Gate {
  entered: Promise<void>;
  open(): void;
}

class Worker {
  readonly got: unknown[] = [];
  private waiting: (() => void) | undefined;
  private arrived: () => void = ignore;

  echo(_ctxt: unknown, { value }: { value: unknown }): unknown {
    return value;
  }

  record(_ctxt: unknown, { value }: { value: unknown }): void {
    this.got.push(value);
  }

  async held(): Promise<string> {
    this.arrived();
    await new Promise<void>((resolve) => {
      this.waiting = resolve;
    });
    return 'released';
  }

  gate(): Gate {
    const entered = new Promise<void>((resolve) => {
      this.arrived = resolve;
    });
    return { entered, open: () => this.waiting?.() };
  }
}

const fast = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' } as const;

function transportTo(url: string, options: OsloMessagingOptions = {}): Transport {
  return getRpcTransport({ transportUrl: url, rpcResponseTimeout: 20, logger: silent, rabbit: fast, ...options });
}

describeWithRabbit('a connection that is lost', () => {
  const open: (() => Promise<unknown>)[] = [];
  let proxy: TcpProxy;
  let worker: Worker;
  let topic: string;
  let client: RPCClient;

  async function begin(options: OsloMessagingOptions = {}): Promise<void> {
    proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    topic = uniqueTopic();
    worker = new Worker();
    const url = rabbitUrl.replace(/:\d+\//, `:${proxy.port}/`);
    const serving = transportTo(url, options);
    const server = getRpcServer(serving, new Target({ topic, server: 'a' }), [worker]);
    await server.start();
    const calling = transportTo(url, options);
    client = getRpcClient(calling, new Target({ topic }));
    open.push(async () => {
      await calling.cleanup();
      await server.stop();
      await serving.cleanup();
    });
    expect(await client.call({}, 'echo', { value: 1 })).toBe(1);
  }

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  it('is opened again, with queues, consumers and the same reply queue', async () => {
    await begin();
    const gate = worker.gate();
    const held = client.call({}, 'held');
    await gate.entered;
    const before = proxy.accepted;
    proxy.cut();
    await eventually(() => expect(proxy.accepted).toBe(before + 4), { within: 10_000 });
    gate.open();
    // Its reply was written after the reconnect, to a reply queue that only the old name leads to.
    expect(await held).toBe('released');
    expect(await client.call({}, 'echo', { value: 2 })).toBe(2);
    expect(await client.prepare({ server: 'a' }).call({}, 'echo', { value: 3 })).toBe(3);
    await client.prepare({ fanout: true }).cast({}, 'record', { value: 4 });
    await eventually(() => expect(worker.got).toEqual([4]));
  });

  it('fails no call that is made during the outage', async () => {
    await begin();
    await proxy.refuse();
    proxy.cut();
    const early = Promise.all(Array.from({ length: 50 }, (_, value) => client.call({}, 'echo', { value })));
    const quick = client.prepare({ timeout: '1s' }).call({}, 'echo', { value: 0 });
    await expect(quick).rejects.toBeInstanceOf(MessagingTimeout);
    await expect(quick).rejects.toThrow(/ECONNREFUSED/);
    const withoutRetry = client.prepare({ retry: 0 }).call({}, 'echo', { value: 0 });
    await expect(withoutRetry).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await proxy.accept();
    expect(await early).toEqual(Array.from({ length: 50 }, (_, value) => value));
  });

  it('is detected by heartbeats when no byte arrives', async () => {
    await begin({ rabbit: { ...fast, heartbeatTimeoutThreshold: 1, connectTimeout: '1s' } });
    proxy.stall();
    const call = client.prepare({ timeout: 20 }).call({}, 'echo', { value: 5 });
    const before = proxy.accepted;
    await eventually(() => expect(proxy.accepted).toBeGreaterThan(before), { within: 10_000 });
    proxy.resume();
    proxy.cut();
    expect(await call).toBe(5);
  });

  it('keeps every call within its deadline under resets', async () => {
    await begin();
    const outcomes = new Map<string, number>();
    const count = (outcome: string): void => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    };
    const calls: Promise<void>[] = [];
    for (let wave = 0; wave < 8; wave++) {
      for (let value = 0; value < 50; value++) {
        const watch = new Stopwatch();
        const call = client.prepare({ timeout: 3 }).call({}, 'echo', { value });
        calls.push(
          call.then(
            (result) => {
              watch.stop();
              count(result === value ? 'right' : 'wrong');
            },
            (error: unknown) => {
              expect(error).toBeInstanceOf(MessagingTimeout);
              expect(watch.stop()).toBeLessThan(4500);
              count('timeout');
            },
          ),
        );
      }
      proxy.cut();
      await client.call({}, 'echo', { value: wave });
    }
    await Promise.all(calls);
    expect(outcomes.get('wrong')).toBeUndefined();
    expect([...outcomes.values()].reduce((sum, n) => sum + n, 0)).toBe(400);
    expect(outcomes.get('right')).toBeGreaterThan(200);
  });

  it('does not have to be lost to declare a deleted queue again', async () => {
    await begin();
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic));
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ consumers: 1 }));
    expect(await client.call({}, 'echo', { value: 6 })).toBe(6);
    expect(proxy.connections).toBe(4);
  });
});

describeWithRabbit('a broker that is killed', () => {
  let node: RabbitNode;

  beforeAll(async () => {
    node = await borrowNode();
  });
  afterAll(() => returnNode(node));

  it('is reconnected to by its clients and servers', async () => {
    const topic = uniqueTopic();
    const worker = new Worker();
    const serving = transportTo(node.url);
    const server = getRpcServer(serving, new Target({ topic, server: 'a' }), [worker]);
    await server.start();
    const calling = transportTo(node.url);
    const client = getRpcClient(calling, new Target({ topic }));
    expect(await client.call({}, 'echo', { value: 1 })).toBe(1);
    await node.kill();
    await expect(client.prepare({ retry: 0 }).call({}, 'echo', { value: 0 })).rejects.toMatchObject({
      code: 'DELIVERY_FAILURE',
      method: 'echo',
    });
    await node.restart();
    await eventually(async () => expect(await client.prepare({ timeout: 1 }).call({}, 'echo', { value: 2 })).toBe(2));
    await calling.cleanup();
    await server.stop();
    await serving.cleanup();
  });
});
