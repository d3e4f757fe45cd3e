import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageUndeliverable,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { SOON } from '../support/served-topic.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function behindProxy(): Promise<{ proxy: TcpProxy; transport: Transport }> {
  const proxy = await TcpProxy.start(rabbitPort);
  const transport = getRpcTransport({
    transportUrl: proxy.url,
    logger: silent,
    rpcResponseTimeout: 20,
    rabbit: SOON,
    drainTimeout: '100ms',
  });
  open.push(async () => {
    await transport.cleanup();
    await proxy.close();
  });
  return { proxy, transport };
}

/** A server and its client, which has been answered. Either side has a proxy of its own. */
async function begin() {
  const topic = uniqueTopic('returning');
  const [serving, calling] = [await behindProxy(), await behindProxy()];
  const server = getRpcServer(serving.transport, new Target({ topic, server: 'one' }), [{ echo: () => 'echo' }]);
  await server.start();
  open.push(() => server.stop());
  const client = getRpcClient(calling.transport, new Target({ topic }));
  expect(await client.call({}, 'echo')).toBe('echo');

  /** Simulates a restart of the broker: the transient queue is missing, and the client reconnects before the server. */
  const restart = async (): Promise<void> => {
    await serving.proxy.refuse();
    serving.proxy.cut();
    await eventually(() => expect(serving.transport.health().status).not.toBe('connected'));
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic));
    calling.proxy.cut();
    await eventually(() => {
      expect(calling.transport.counts.lostConnections).toBe(2);
      expect(calling.transport.health().status).toBe('connected');
    });
  };
  return { topic, client, calling, serving, restart };
}

/** Returns a function that returns the number of unroutable messages which the broker returned. */
function countReturns(proxy: TcpProxy): () => number {
  let returns = 0;
  proxy.observe('toClient', (chunk) => {
    if (chunk.includes('NO_ROUTE')) returns++;
  });
  return () => returns;
}

const withTimeout = (client: RPCClient, timeout: number) => client.prepare({ timeout });

describeWithRabbit('a queue that is missing after a reconnection', () => {
  it('is awaited by calls and by casts with atLeastOnce', async () => {
    const { client, calling, serving, restart } = await begin();
    await restart();
    const returns = countReturns(calling.proxy);
    const calls = Array.from({ length: 20 }, () => client.call({}, 'echo'));
    const cast = client.prepare({ transportOptions: { atLeastOnce: true } }).cast({}, 'echo');
    await eventually(() => expect(returns()).toBeGreaterThan(2));
    await serving.proxy.accept();
    expect(await Promise.all(calls)).toEqual(Array(20).fill('echo'));
    await cast;
    expect(calling.transport.counts.undeliverable).toBe(0);
  });

  it('is awaited until the deadline', async () => {
    const { client, calling, restart } = await begin();
    await restart();
    const began = performance.now();
    const watch = new Stopwatch();
    const error = await withTimeout(client, 1.5)
      .call({}, 'echo')
      .catch((thrown: unknown) => thrown);
    // The broker may not have answered the last attempt.
    expect(['UNDELIVERABLE', 'TIMEOUT']).toContain((error as { code?: unknown }).code);
    expect(performance.now() - began).toBeGreaterThan(1000);
    expect(watch.stop()).toBeLessThan(1750);
    await eventually(() => expect(calling.transport.health().pendingPublishes).toBe(0));
  });

  it('is not awaited without an earlier delivery, or by a transport that closes', async () => {
    const { topic, client, calling, restart } = await begin();
    await restart();
    const never = client.prepare({ server: 'never-there' });
    const began = performance.now();
    await expect(never.call({}, 'echo')).rejects.toBeInstanceOf(MessageUndeliverable);
    // Far below the 20 s that it had.
    expect(performance.now() - began).toBeLessThan(10_000);
    const returns = countReturns(calling.proxy);
    const waiting = expect(client.call({}, 'echo')).rejects.toMatchObject({ code: 'DELIVERY_FAILURE' });
    await eventually(() => expect(returns()).toBeGreaterThan(0));
    await calling.transport.cleanup();
    await waiting;
    const { transport } = await behindProxy();
    await expect(getRpcClient(transport, new Target({ topic })).call({}, 'echo')).rejects.toBeInstanceOf(
      MessageUndeliverable,
    );
  });
});
