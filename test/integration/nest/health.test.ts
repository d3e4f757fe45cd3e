import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import {
  type DriverStatus,
  getRpcServer,
  getRpcTransport,
  OsloClientProxy,
  OsloMessagingHealth,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloMessagingTransports,
  OsloServer,
  RPCClient,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { collectMetrics } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { lastValueFrom, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

/** A handler that ends when it is told to. */
class Gate {
  private arrived = (): void => undefined;
  private release = (): void => undefined;
  readonly entered = new Promise<void>((resolve) => {
    this.arrived = resolve;
  });
  private readonly opened = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  async pass(): Promise<string> {
    this.arrived();
    await this.opened;
    return 'passed';
  }

  open(): void {
    this.release();
  }
}

@RpcEndpoint()
class Echo {
  @RpcMethod()
  echo(): string {
    return 'echo';
  }
}

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function recorded(status: Observable<DriverStatus>): DriverStatus[] {
  const seen: DriverStatus[] = [];
  const subscription = status.subscribe((now) => void seen.push(now));
  cleanups.push(async () => subscription.unsubscribe());
  return seen;
}

async function makeServer(options: OsloMessagingOptions) {
  const module = await Test.createTestingModule({ controllers: [Echo] }).compile();
  const strategy = new OsloServer({ logger: silent, ...options });
  const app = module.createNestMicroservice({ strategy, logger: false });
  cleanups.push(() => app.close());
  return { app, strategy };
}

async function makeApplication(options: OsloMessagingOptions): Promise<INestApplication> {
  const module = await Test.createTestingModule({
    imports: [OsloMessagingModule.forRoot({ logger: silent, ...options }), TerminusModule.forRoot({ logger: false })],
    controllers: [Echo],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  cleanups.push(() => app.close());
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  await app.init();
  return app;
}

describe.each([
  ['memory', () => `memory://${uniqueTopic()}`],
  ...(rabbitUrl ? [['RabbitMQ', () => rabbitUrl] as const] : []),
] as const)('the health of a transport on %s', (_name, url) => {
  it('lists its queues, pending calls and requests in work', async () => {
    const transport = getRpcTransport({ transportUrl: url(), logger: silent });
    cleanups.push(() => transport.cleanup());
    const topic = uniqueTopic();
    const gate = new Gate();
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ pass: () => gate.pass() }]);
    await server.start();
    cleanups.push(() => server.stop());
    const call = new RPCClient(transport, new Target({ topic })).call({}, 'pass');
    await gate.entered;
    const health = transport.health();
    expect(health).toMatchObject({
      status: 'connected',
      consuming: 'connected',
      replyQueue: { queue: expect.stringMatching(/^reply_/), attached: true },
      lastError: undefined,
      pendingCalls: 1,
      inWork: 1,
      counts: transport.counts,
    });
    expect(health.consumers).toEqual([
      { queue: topic, attached: true },
      { queue: `${topic}.one`, attached: true },
      { queue: expect.stringMatching(`^${topic}_fanout_`), attached: true },
    ]);
    gate.open();
    expect(await call).toBe('passed');
    await eventually(() =>
      expect(transport.health()).toMatchObject({ pendingCalls: 0, pendingPublishes: 0, inWork: 0 }),
    );
    await server.stop();
    expect(transport.health().consumers).toEqual([]);
    await transport.cleanup();
    expect(transport.health().status).toBe('closed');
  });

  it('is the status of a server, which is connected when it listens and closed in the end', async () => {
    const { app, strategy } = await makeServer({ transportUrl: url(), topic: uniqueTopic() });
    const seen = recorded(strategy.status);
    expect(seen).toEqual(['idle']);
    await app.listen();
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
    await app.close();
    expect(seen.at(-1)).toBe('closed');
  });

  it('is the status of a client', async () => {
    const topic = uniqueTopic();
    const transportUrl = url();
    const { app } = await makeServer({ transportUrl, topic });
    await app.listen();
    const client = new OsloClientProxy({ transportUrl, topic, logger: silent });
    cleanups.push(() => client.close());
    const seen = recorded(client.status);
    expect(await lastValueFrom(client.send('echo', {}))).toBe('echo');
    expect(seen.at(-1)).toBe('connected');
    await client.close();
    expect(seen.at(-1)).toBe('closed');
  });
});

describeWithRabbit('the health of a transport', () => {
  it('is unhealthy while a queue cannot be consumed, although both connections are up', async () => {
    const topic = uniqueTopic();
    const queue = `${topic}.one`;
    const { app, strategy } = await makeServer({
      transportUrl: rabbitUrl,
      topic,
      host: 'one',
      rabbit: { topologyConflict: 'fail' },
    });
    const seen = recorded(strategy.status);
    await app.listen();
    const transport = strategy.unwrap();
    await withChannel(rabbitUrl, async (channel) => {
      await channel.deleteQueue(queue);
      await channel.assertQueue(queue, { durable: true });
    });
    await eventually(() => expect(transport.health().lastError?.message).toContain(queue));
    expect(seen.at(-1)).toBe('connecting');
    expect(transport.health()).toMatchObject({ status: 'connecting', consuming: 'connected' });
    expect(transport.health().consumers).toContainEqual({ queue, attached: false });
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
    await eventually(() => expect(seen.at(-1)).toBe('connected'));
    expect(transport.health().consumers).toContainEqual({ queue, attached: true });
  });

  it('names the error, without the password', async () => {
    const password = 's3cret-pa55';
    const logger = new LogRecorder();
    const transport = getRpcTransport({ transportUrl: `rabbit://user:${password}@127.0.0.1:${rabbitPort}/`, logger });
    cleanups.push(() => transport.cleanup());
    const seen: DriverStatus[] = [];
    cleanups.push(async () => end());
    const end = transport.onStatus((status) => void seen.push(status));
    await expect(new RPCClient(transport, new Target({ topic: 't' }), { retry: 0 }).cast({}, 'm')).rejects.toThrow();
    const { status, publishing, consuming, lastError } = transport.health();
    expect({ status, publishing, consuming }).toEqual({
      status: 'disconnected',
      publishing: 'disconnected',
      consuming: 'idle',
    });
    expect(lastError).toEqual({ message: expect.stringContaining('ACCESS_REFUSED'), at: expect.any(Date) });
    expect(JSON.stringify([transport.health(), logger.lines])).not.toContain(password);
    expect(seen).toEqual(['idle', 'connecting', 'disconnected']);
  });

  it('is shown by terminus, up and down', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const app = await makeApplication({ transportUrl: proxy.url, topic: uniqueTopic(), host: 'one' });
    const terminus = app.get(HealthCheckService, { strict: false });
    const health = app.get(OsloMessagingHealth);
    const check = () => terminus.check([() => health.isHealthy('rabbitmq')]);
    expect(health.check().healthy).toBe(true);
    expect(await check()).toMatchObject({
      status: 'ok',
      details: { rabbitmq: { status: 'up', messaging: 'connected', rpc: { status: 'connected' } } },
    });
    await proxy.refuse();
    proxy.cut();
    await eventually(() => expect(health.check()).toMatchObject({ healthy: false, status: 'disconnected' }));
    const error = await check().catch((thrown: unknown) => thrown as { getResponse(): unknown });
    expect('getResponse' in error && error.getResponse()).toMatchObject({
      status: 'error',
      error: { rabbitmq: { status: 'down', rpc: { consumers: expect.arrayContaining([]) } } },
    });
    await proxy.accept();
    await eventually(() => expect(health.check()).toMatchObject({ healthy: true, status: 'connected' }), {
      within: 10_000,
    });
  });
});

describe('metrics', () => {
  it('show health and counts at each scrape, and can be removed', async () => {
    const app = await makeApplication({ transportUrl: `memory://${uniqueTopic()}`, topic: uniqueTopic(), host: 'one' });
    const register = new Registry();
    const transports = app.get(OsloMessagingTransports);
    const stop = collectMetrics(transports, { register });
    const text = await register.metrics();
    expect(text).toContain('oslo_messaging_up{transport="rpc"} 1');
    expect(text).toContain('oslo_messaging_attached_queues{transport="rpc"} 3');
    expect(text).toContain('oslo_messaging_attached_queues{transport="notifications"} 0');
    expect(text).toContain('oslo_messaging_pending_calls{transport="rpc"} 0');
    expect(text).toContain('oslo_messaging_events_total{transport="rpc",event="refused_messages"} 0');
    transports.rpc.counters.count('refusedMessages');
    transports.rpc.counters.count('refusedMessages');
    await register.metrics();
    expect(await register.metrics()).toContain(
      'oslo_messaging_events_total{transport="rpc",event="refused_messages"} 2',
    );
    stop();
    expect(await register.metrics()).toBe('\n');
  });
});
