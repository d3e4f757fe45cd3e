import 'reflect-metadata';
import { Injectable, type Type } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  ConfigurationError,
  cleanup,
  getOsloServerToken,
  getRpcClientToken,
  getRpcTransport,
  getRuntimeTransports,
  getTransportsToken,
  InjectNotifier,
  InjectRpcClient,
  init,
  MessageDeliveryFailure,
  NotificationEndpoint,
  NotificationPayload,
  type Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingHealth,
  OsloMessagingModule,
  OsloMessagingTransports,
  OsloServer,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { collectMetrics } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const { forRoot, forFeature } = OsloMessagingModule;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const memory = () => ({ transportUrl: `memory:///${uniqueTopic()}`, topic: 't', host: 'one', logger: silent });

function compile(imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>, ...classes: Type[]) {
  const controllers = classes.filter((one) => Reflect.hasMetadata('path', one));
  const providers = classes.filter((one) => !controllers.includes(one));
  return Test.createTestingModule({ imports, controllers, providers }).compile();
}

async function metricsOf(measured: Parameters<typeof collectMetrics>[0]): Promise<string> {
  const register = new Registry();
  collectMetrics(measured, { register });
  return register.metrics();
}

describe('a server', () => {
  it('refuses to listen twice, and keeps serving', async () => {
    const server = new OsloServer(memory());
    closing.push(() => server.close());
    const listen = () => new Promise<unknown>((resolve) => void server.listen(resolve));
    expect(await listen()).toBeUndefined();
    expect(String(await listen())).toMatch(/listens already/);
    expect(server.unwrap().health()).toMatchObject({ status: 'connected', consumers: { length: 3 } });
    await server.close();
    expect(String(await listen())).toMatch(/is closed/);
  });

  it('lets a test that fakes time run all timers', async () => {
    vi.useFakeTimers();
    try {
      const server = new OsloServer(memory());
      expect(await new Promise<unknown>((resolve) => void server.listen(resolve))).toBeUndefined();
      vi.runAllTimers();
      await server.close();
    } finally {
      vi.useRealTimers();
    }
  });

  // A rejection would end a process that a signal closes, before its other parts have closed.
  it('is closed after a close while it starts, without an error', async () => {
    const server = new OsloServer(memory());
    const statuses: string[] = [];
    server.status.subscribe((status) => statuses.push(status));
    const listening = new Promise<unknown>((resolve) => void server.listen(resolve));
    await server.close();
    expect(await listening).toBeUndefined();
    expect(statuses.at(-1)).toBe('closed');
    expect(statuses).not.toContain('connected');
    const late = new Promise<unknown>((resolve) => void server.listen(resolve));
    expect(String(await late)).toMatch(/is closed/);
  });
});

@RpcEndpoint()
class Here {
  @RpcMethod()
  where(): string {
    return 'here';
  }
}

@RpcEndpoint({ transport: 'far' })
class There {
  @RpcMethod()
  where(): string {
    return 'there';
  }
}

const heard: unknown[] = [];

@NotificationEndpoint({ transport: 'far' })
class FarLog {
  @OnNotification()
  on(@NotificationPayload() payload: unknown): void {
    heard.push(payload);
  }
}

@Injectable()
class Caller {
  constructor(
    @InjectRpcClient('t') readonly near: BackingOffClient,
    @InjectRpcClient('t', 'far') readonly far: BackingOffClient,
    @InjectNotifier('p', 'far') readonly notifier: Notifier,
  ) {}
}

describe('several brokers in one application', () => {
  it.each<[string, ReturnType<typeof forRoot>[], ReturnType<typeof forFeature>, RegExp]>([
    [
      'a client of an unknown broker',
      [forRoot(memory()), forRoot({ ...memory(), name: 'far' })],
      forFeature([{ target: { topic: 't' } }], 'fra'),
      /^forFeature names the broker "fra", which no forRoot provides; known brokers: .*far.* Import .* name: 'fra'/,
    ],
    [
      'a notifier of an unknown broker',
      [forRoot(memory())],
      forFeature([{ publisherId: 'p' }], 'far'),
      /^forFeature names the broker "far", .* known brokers: \(without a name\)\. /,
    ],
    [
      'a client of the broker without a name',
      [forRoot({ ...memory(), name: 'far' })],
      forFeature([{ target: { topic: 't' } }]),
      /^forFeature names no broker, and no forRoot is without a name; known brokers: far\. .* forFeature\(\[…\], name\)$/,
    ],
    ['a client without any broker', [], forFeature([{ target: { topic: 't' } }]), /known brokers: none\. Import /],
  ])('refuse %s', async (_name, roots, feature, message) => {
    const error: unknown = await compile([...roots, feature]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });

  it('report the error of a broker with wrong options, not of its clients', async () => {
    const broken = OsloMessagingModule.forRootAsync({
      name: 'far',
      useFactory: () => Promise.reject(new Error('no secrets today')),
    });
    await expect(compile([forFeature([{ target: { topic: 't' } }], 'far'), broken])).rejects.toThrow(
      'no secrets today',
    );
  });

  it('are selected by name: clients, notifiers, servers, endpoints, health and metrics', async () => {
    const target = { topic: 't' };
    const far = { ...memory(), name: 'far' };
    const module = await compile(
      [
        forRoot(memory()),
        OsloMessagingModule.forRootAsync({ name: 'far', useFactory: () => far }),
        forFeature([{ target }]),
        forFeature([{ target }], 'far'),
      ],
      Here,
      There,
      FarLog,
      Caller,
    );
    const app = module.createNestApplication({ logger: false });
    for (const token of [OsloServer, getOsloServerToken('far')]) {
      app.connectMicroservice({ strategy: app.get<OsloServer>(token) });
    }
    await app.startAllMicroservices();
    closing.push(() => app.close());
    const caller = app.get(Caller);
    expect(await caller.near.call({}, 'where')).toBe('here');
    expect(await caller.far.call({}, 'where')).toBe('there');
    await caller.notifier.info({}, 'e', 1);
    await eventually(() => expect(heard).toEqual([1]));
    const { healthy, rpc, brokers } = app.get(OsloMessagingHealth).check();
    expect(healthy).toBe(true);
    expect([rpc.consumers.length, brokers['far']?.rpc.consumers.length]).toEqual([3, 3]);
    const text = await metricsOf(app.get(OsloMessagingTransports));
    expect(text).toContain('oslo_messaging_attached_queues{transport="rpc"} 3');
    expect(text).toContain('oslo_messaging_attached_queues{transport="rpc",broker="far"} 3');
    expect(app.get<OsloMessagingTransports>(getTransportsToken('far')).name).toBe('far');
  });

  it.each([
    ['a name', [forRoot(memory()), forRoot(memory())], /two forRoot without a name; give one of them a name/],
    ['two names', [forRoot({ ...memory(), name: 'a' }), forRoot({ ...memory(), name: 'a' })], /two forRoot.*"a"/],
    [
      'one name for both',
      [OsloMessagingModule.forRootAsync({ useFactory: () => ({ ...memory(), name: 'a' }) })],
      /the factory names the broker "a"; give the name beside the factory/,
    ],
    [
      'the same options for a topic',
      [
        forRoot(memory()),
        forFeature([{ target: { topic: 'x' }, timeout: 1 }]),
        forFeature([{ target: { topic: 'x' } }]),
      ],
      /two forFeature differ in timeout: RpcClient 'x' \(.*\); give one of them a token/,
    ],
  ] as const)('need %s, or the start fails', async (_name, imports, message) => {
    await expect(compile([...imports])).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(message),
    });
  });

  it('need the same options for a topic within one forFeature, too', () => {
    const target = { topic: 'x' };
    const both = (other: object) => () => forFeature([{ target }, { target, ...other }]);
    expect(both({ timeout: '5s' })).toThrow(/two forFeature differ in timeout: RpcClient 'x'/);
    expect(both({ target: { topic: 'x', server: 's' } })).toThrow(/differ in target/);
    for (const other of [{}, { token: 'another', timeout: '5s' }]) expect(both(other)).not.toThrow();
  });

  it('are named in the error of an unresolved dependency', async () => {
    @Injectable()
    class Unprovided {
      constructor(@InjectRpcClient('unknown', 'far') readonly client: BackingOffClient) {}
    }
    @Injectable()
    class Silent {
      constructor(@InjectNotifier() readonly notifier: Notifier) {}
    }
    await expect(compile([forRoot(memory())], Unprovided)).rejects.toThrow(
      /Unprovided.*"RpcClient 'unknown' at the broker 'far' \(OsloMessagingModule\.forFeature\)" at index \[0\]/,
    );
    await expect(compile([], Silent)).rejects.toThrow(/Silent.*"Notifier \(OsloMessagingModule\.forRoot\)"/);
  });

  it('share a client between two modules with the same options', async () => {
    const feature = () => forFeature([{ target: { topic: 'x', version: '1.1' }, timeout: '5s' }]);
    const module = await compile([forRoot(memory()), feature(), feature()]);
    closing.push(() => module.close());
    expect(module.get(getRpcClientToken('x'), { strict: false })).toBeDefined();
  });

  it('refuse an endpoint with an unknown transport name', async () => {
    const module = await compile([forRoot(memory())], Here, There);
    const app = module.createNestApplication({ logger: false });
    closing.push(() => app.close());
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await expect(app.init()).rejects.toThrow(/There\.where names the transport "far".*known names: none/);
  });
});

describe('health', () => {
  it('covers a server made by hand, which has to listen, and no other application', async () => {
    const options = memory();
    const module = await compile([forRoot(options)], Here);
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    closing.push(() => app.close());
    const other = await compile([forRoot(options)]);
    closing.push(() => other.close());
    const health = app.get(OsloMessagingHealth);
    expect(health.check()).toMatchObject({ healthy: false, status: 'connecting' });
    expect(other.get(OsloMessagingHealth).check().healthy).toBe(true);
    await app.listen();
    expect(health.check()).toMatchObject({ healthy: true, rpc: { consumers: { length: 3 } } });
    expect(other.get(OsloMessagingHealth).check().rpc.consumers).toEqual([]);
    const text = await metricsOf(app.get(OsloMessagingTransports));
    expect(text).toContain('oslo_messaging_attached_queues{transport="rpc"} 3');
  });

  it('is available without Nest', async () => {
    init(memory());
    closing.push(() => cleanup());
    const { rpc, notifications } = getRuntimeTransports();
    expect([rpc.health().status, notifications?.health().status]).toEqual(['connected', 'connected']);
    expect(await metricsOf(getRuntimeTransports())).toContain('oslo_messaging_up{transport="notifications"} 1');
  });
});

describeWithRabbit('health on RabbitMQ', () => {
  const wrong = () => ({
    transportUrl: `rabbit://nobody:s3cret-pa55@127.0.0.1:${rabbitPort}/`,
    topic: uniqueTopic(),
    logger: silent,
  });

  it('is down with the broker of a server made by hand, and has no `up` for an unused transport', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    closing.push(() => proxy.close());
    const options = { transportUrl: proxy.url, topic: uniqueTopic(), host: 'one', logger: silent };
    const module = await compile([forRoot(options)], Here);
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    closing.push(() => app.close());
    const health = app.get(OsloMessagingHealth);
    expect(health.check()).toMatchObject({ healthy: true, status: 'connected', notifications: { status: 'idle' } });
    const up = await metricsOf(app.get(OsloMessagingTransports));
    expect(up).toContain('oslo_messaging_up{transport="rpc"} 1');
    expect(up).not.toContain('oslo_messaging_up{transport="notifications"}');
    await proxy.refuse();
    proxy.cut();
    await eventually(() => expect(health.check()).toMatchObject({ healthy: false, status: 'disconnected' }));
    expect(await metricsOf(app.get(OsloMessagingTransports))).toContain('oslo_messaging_up{transport="rpc"} 0');
  });

  it('covers client proxies and transports that modules provide', async () => {
    const options = wrong();
    const provided = { provide: 'TRANSPORT', useFactory: () => getRpcTransport(options) };
    const module = await Test.createTestingModule({
      imports: [
        forRoot(memory()),
        ClientsModule.register([{ name: 'CLIENT', customClass: OsloClientProxy, options: { ...options } }]),
      ],
      providers: [provided],
    }).compile();
    closing.push(() => module.close());
    const transport = module.get<ReturnType<typeof getRpcTransport>>('TRANSPORT');
    closing.push(() => transport.cleanup());
    const health = module.get(OsloMessagingHealth);
    expect(health.check().healthy).toBe(true);
    await expect(transport.connect()).rejects.toThrow('ACCESS_REFUSED');
    expect(health.check()).toMatchObject({ healthy: false, status: 'disconnected' });
  });

  it('fails the start, or stays down, with connectOnStart and a wrong password', async () => {
    const failing = (await compile([forRoot({ ...wrong(), connectOnStart: true })])).createNestApplication({
      logger: false,
    });
    const error: unknown = await failing.init().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MessageDeliveryFailure);
    expect(String(error)).toContain('ACCESS_REFUSED');
    const starting = await compile([forRoot({ ...wrong(), connectOnStart: 'background' })]);
    const app = await starting.createNestApplication({ logger: false }).init();
    closing.push(() => app.close());
    const health = app.get(OsloMessagingHealth);
    expect(health.check().healthy).toBe(false);
    await eventually(() => expect(health.check().status).toBe('disconnected'));
  });

  it('is up from the start with connectOnStart', async () => {
    const module = await compile([forRoot({ transportUrl: rabbitUrl, logger: silent, connectOnStart: true })]);
    const app = await module.createNestApplication({ logger: false }).init();
    closing.push(() => app.close());
    const { rpc, notifications } = app.get(OsloMessagingHealth).check();
    expect(rpc).toMatchObject({ publishing: 'connected', consuming: 'connected' });
    expect(notifications).toMatchObject({ publishing: 'connected', consuming: 'idle' });
  });
});
