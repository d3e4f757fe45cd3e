import 'reflect-metadata';
import { inspect } from 'node:util';
import { type CanActivate, type ExecutionContext, Injectable, Module, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  cleanup,
  getClient,
  getNotificationListener,
  getNotificationTransport,
  getRpcClientToken,
  getServer,
  getTransportsToken,
  InjectNotifier,
  InjectRpcClient,
  init,
  JsonPayloadSerializer,
  MessageUndeliverable,
  Notifier,
  OsloMessagingModule,
  OsloMessagingTransports,
  OsloServer,
  RemoteError,
  RemoteException,
  RequestContext,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { matching, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

@RemoteException({ module: 'kit.exceptions' })
class NoStock extends Error {}

@Injectable()
class KnownUser implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return (
      context.switchToRpc().getContext<{ getRequestContext(): RequestContext }>().getRequestContext().userId !== 'eve'
    );
  }
}

@RpcEndpoint({ version: '1.0' })
class Shop {
  constructor(
    @InjectRpcClient('stock') private readonly stock: BackingOffClient,
    @InjectNotifier('shop') private readonly notifier: Notifier,
  ) {}

  @RpcMethod()
  @UseGuards(KnownUser)
  async order(@RpcContext() ctxt: RequestContext, @RpcArg('item') item: string): Promise<number> {
    const left = await this.stock.call<number>(ctxt, 'take', { item });
    await this.notifier.info(ctxt, 'order.created', { item });
    await this.stock.prepare({ fanout: true }).cast(ctxt, 'audit', { item });
    return left;
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({
      transportUrl: 'rabbit://nowhere.invalid/',
      topic: 'shop',
      host: 'shop-1',
      logger: silent,
      allowedRemoteExmods: ['kit.exceptions'],
    }),
    OsloMessagingModule.forFeature([{ target: { topic: 'stock', version: '1.0' } }]),
  ],
  controllers: [Shop],
})
class ShopModule {}

const alice = new RequestContext({ userId: 'alice', authToken: 'secret-token' });

describe('A test broker', () => {
  let broker: TestBroker;
  beforeEach(() => {
    broker = new TestBroker();
  });
  afterEach(() => broker.close());

  const build = () => Test.createTestingModule({ imports: [ShopModule] });
  const serveStock = (take: (args: { item: string }, context: RequestContext) => number = () => 7) =>
    broker.serve({ topic: 'stock', version: '1.0', server: 'stock-1' }, { take, audit: () => undefined });
  const order = (item = 'tea', context = alice) => broker.client({ topic: 'shop' }).call(context, 'order', { item });

  it('runs an application unchanged, beside stand-ins of other services', async () => {
    await serveStock(({ item }, { userId }) => (item === 'tea' && userId === 'alice' ? 7 : 0));
    await broker.startMicroservice(build());
    expect(await order()).toBe(7);
    await broker.settled();
    expect(broker.calls).toMatchObject([
      { kind: 'call', method: 'order', args: { item: 'tea' }, status: 'done', result: 7, runs: [{ server: 'shop-1' }] },
      { method: 'take', target: { topic: 'stock', version: '1.0' }, context: { user_id: 'alice' }, result: 7 },
    ]);
    expect(broker.casts).toMatchObject([
      { kind: 'cast', method: 'audit', target: { fanout: true }, status: 'done', runs: [{ server: 'stock-1' }] },
    ]);
    expect(broker.notifications).toMatchObject([
      {
        kind: 'notification',
        topic: 'notifications',
        exchange: 'tacker',
        priority: 'info',
        eventType: 'order.created',
        publisherId: 'shop',
        payload: { item: 'tea' },
        status: 'pending',
        runs: [],
      },
    ]);
  });

  it('keeps guards, pipes and errors of the application', async () => {
    await serveStock(() => {
      throw new NoStock('no tea');
    });
    await broker.startMicroservice(build());
    await expect(order()).rejects.toMatchObject({ excType: 'NoStock', value: 'no tea' });
    await expect(order('tea', new RequestContext({ userId: 'eve' }))).rejects.toMatchObject({
      excType: 'RpcException',
      value: 'Forbidden resource',
    });
    expect(broker.calls).toMatchObject([
      { method: 'order', status: 'failed', error: { excType: 'NoStock' }, runs: [{ error: { message: 'no tea' } }] },
      { method: 'take', status: 'failed', error: { message: 'no tea', remote: true } },
      { method: 'order', status: 'failed', error: { excType: 'RpcException' } },
    ]);
    expect(broker.calls.map(({ error }) => error?.constructor)).toEqual([RemoteError, NoStock, RemoteError]);
  });

  it('takes the place of the broker of one name', async () => {
    const options = { transportUrl: 'rabbit://nowhere.invalid/', logger: silent };
    const module = await broker
      .override(
        Test.createTestingModule({
          imports: [
            OsloMessagingModule.forRoot({ ...options, name: 'billing', rpcResponseTimeout: 7 }),
            OsloMessagingModule.forRoot(options),
            OsloMessagingModule.forFeature([{ target: { topic: 'bills' } }], 'billing'),
          ],
        }),
        'billing',
      )
      .compile();
    await broker.serve({ topic: 'bills' }, { pay: () => 'paid' });
    const billing = module.get<OsloMessagingTransports>(getTransportsToken('billing'));
    expect(String(billing.rpc)).toContain(broker.transportUrl);
    expect(billing.rpc.settings.rpcResponseTimeout).toBe(7000);
    expect(String(module.get(OsloMessagingTransports).rpc)).toContain('nowhere');
    expect(await module.get<BackingOffClient>(getRpcClientToken('bills', 'billing')).call({}, 'pay')).toBe('paid');
    await module.close();
  });

  it('passes its options on', async () => {
    const own = new TestBroker({ rpcResponseTimeout: '3s', serializer: new JsonPayloadSerializer() });
    const module = await own.override(build()).compile();
    expect(module.get(OsloMessagingTransports).rpc.settings).toMatchObject({ rpcResponseTimeout: 3000, topic: 'shop' });
    await own.serve({ topic: 'maps' }, { size: ({ map }: { map: object }) => new Map(Object.entries(map)) });
    expect(await own.client({ topic: 'maps' }).call({}, 'size', { map: new Map([['a', 1]]) })).toEqual({ a: 1 });
    await module.close();
    await own.close();
  });

  it('serves the Tacker API and servers made by hand', async () => {
    init(broker.options);
    const strategy = new OsloServer({ ...broker.options, topic: 'shop', logger: silent });
    const { add } = { add: (_ctxt: unknown, { a, b }: { a: number; b: number }) => a + b };
    const server = getServer(new Target({ topic: 'sums', server: 's' }), [{ add }]);
    await server.start();
    expect(await getClient(new Target({ topic: 'sums' })).call({}, 'add', { a: 2, b: 3 })).toBe(5);
    expect(String(strategy.unwrap())).toContain(broker.transportUrl);
    await strategy.close();
    await server.stop();
    await cleanup();
  });

  it('does not meet another one that runs at the same time', async () => {
    const brokers = Array.from({ length: 5 }, () => new TestBroker());
    const answers = await Promise.all(
      brokers.map(async (own, index) => {
        await own.serve({ topic: 'same' }, { whoami: () => index });
        if (index === 0) own.on('whoami').fail(new Error('only here'));
        return own.client({ topic: 'same' }).call<number>({}, 'whoami').catch(String);
      }),
    );
    expect(answers).toEqual(['Error: only here', 1, 2, 3, 4]);
    expect(brokers.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 1, 1]);
    await Promise.all(brokers.map((own) => own.close()));
  });

  describe('records', () => {
    it('are snapshots, frozen at any depth, of what went over the wire', async () => {
      const args = { list: [{ a: 1 }], gone: undefined, big: 2n ** 60n };
      await broker.serve({ topic: 't' }, { echo: (given: typeof args) => given });
      await broker.client({ topic: 't' }).cast(alice, 'echo', args);
      const [before] = broker.casts;
      await broker.settled();
      const [after] = broker.casts;
      expect(before).toMatchObject({ status: 'pending', endedAt: undefined });
      expect(after).toMatchObject({ status: 'done', runs: [{ server: 'stand-in', error: undefined }] });
      expect(after?.args).toEqual({ list: [{ a: 1 }], big: 2n ** 60n });
      args.list[0] = { a: 9 };
      expect(broker.casts[0]).toBe(after);
      expect(after?.args.list).toEqual([{ a: 1 }]);
      for (const part of [broker.casts, after, after?.args, after?.args.list, after?.context, after?.runs[0]])
        expect(Object.isFrozen(part)).toBe(true);
      expect(after?.sentAt).toBeLessThanOrEqual(after?.endedAt ?? 0);
    });

    it('hide secrets from logs', async () => {
      await broker.client({ topic: 't' }).cast(alice, 'login', { password: 'hunter22' });
      expect(inspect(broker.casts, { depth: 9 })).not.toMatch(/secret-token|hunter22/);
      expect(broker.casts).toMatchObject([{ context: { auth_token: 'secret-token' }, args: { password: 'hunter22' } }]);
    });

    it('tell a handler that failed, of a cast and of a notification', async () => {
      await broker.serve(
        { topic: 't' },
        {
          fail: () => {
            throw new TypeError('wrong');
          },
        },
      );
      const transport = getNotificationTransport({ ...broker.options, logger: silent });
      const listener = getNotificationListener(
        transport,
        [new Target({ topic: 'notifications' })],
        [
          {
            info: () => {
              throw new Error('deaf');
            },
          },
        ],
      );
      await listener.start();
      await broker.client({ topic: 't' }).cast({}, 'fail');
      await broker.notifier().info({}, 'type', {});
      await broker.settled();
      expect(broker.casts).toMatchObject([{ status: 'failed', error: { excType: 'TypeError', value: 'wrong' } }]);
      expect(broker.notifications).toMatchObject([{ status: 'failed', error: { message: 'deaf' } }]);
      await listener.stop();
      await transport.cleanup();
    });

    it('of an unknown method and of a queue that is missing', async () => {
      await broker.serve({ topic: 't' }, {});
      await broker.client({ topic: 't' }).cast({}, 'unknown');
      await broker.client({ topic: 'nowhere' }).cast({}, 'lost');
      await expect(broker.client({ topic: 'nowhere' }).call({}, 'lost')).rejects.toBeInstanceOf(MessageUndeliverable);
      await broker.settled();
      expect(broker.casts).toMatchObject([
        { status: 'failed', error: { excType: 'NoSuchMethod' } },
        { status: 'undelivered', error: undefined },
      ]);
      expect(broker.calls).toMatchObject([{ status: 'failed', error: { code: 'UNDELIVERABLE' } }]);
    });

    it('have results as they are sent, if they can be sent', async () => {
      const circle: unknown[] = [];
      circle.push(circle);
      await broker.serve({ topic: 't' }, { date: () => ({ at: new Date(0), f: () => 1 }), circle: () => circle });
      const client = broker.client({ topic: 't' });
      await client.call({}, 'date');
      await expect(client.call({}, 'circle')).rejects.toMatchObject({ excType: 'ClientSendError' });
      await client.cast({}, 'circle');
      await broker.settled();
      expect(broker.calls.map(({ result }) => result)).toEqual([{ at: '1970-01-01T00:00:00.000Z' }, undefined]);
      expect(broker.casts).toMatchObject([{ status: 'done', runs: [{ result: undefined, error: undefined }] }]);
    });

    it('are found by a filter', async () => {
      for (const topic of ['one', 'two']) await broker.client({ topic }).cast(alice, 'x', { topic });
      expect(broker.casts.filter(matching({ topic: 'two' })).map(({ args }) => args)).toEqual([{ topic: 'two' }]);
      expect(broker.casts.filter(matching('x'))).toHaveLength(2);
      expect(() => matching({ methd: 'x' } as object)).toThrow(/did you mean "method"/);
    });

    it('are bounded, of each kind, and can be forgotten', async () => {
      const own = new TestBroker({ maxRecords: 2 });
      for (const nr of [1, 2, 3]) await own.client({ topic: 't' }).cast({}, 'x', { nr });
      await own.notifier().info({}, 'type', {});
      expect(own.casts.map(({ args }) => args.nr)).toEqual([2, 3]);
      expect(own.notifications).toHaveLength(1);
      own.reset();
      expect([...own.casts, ...own.notifications]).toEqual([]);
      await own.close();
    });
  });

  it('refuses options that make no sense', async () => {
    expect(() => new TestBroker({ maxRecords: 0 })).toThrow(/maxRecords: expected a positive integer; got 0/);
    expect(() => new TestBroker({ topik: 'x' } as object).client({ topic: 't' })).toThrow(
      /"topik".*did you mean "topic"/,
    );
    await expect(broker.serve({ topic: 't' }, { x: 5 } as never)).rejects.toThrow(
      /expected functions; got a number for "x"/,
    );
  });

  it('closes its transports, twice if need be, and leaves no timer', async () => {
    const app = await broker.startMicroservice(build());
    await broker.serve({ topic: 't' }, { hang: () => new Promise(() => undefined) });
    const call = broker.client({ topic: 't' }).call({}, 'hang').catch(String);
    broker.on('later').delay('1h');
    await broker.client({ topic: 't' }).cast({}, 'later');
    await Promise.all([broker.close(), broker.close()]);
    expect(await call).toMatch(/The transport was closed/);
    expect(app.get(OsloServer).phase).toBe('closed');
  });
});

describe('Mistakes in tests', () => {
  it('leaves no application behind when the start was not awaited', async () => {
    let closed = 0;
    @Injectable()
    class Resource {
      onModuleDestroy() {
        closed += 1;
      }
    }
    @Module({ imports: [OsloMessagingModule.forRoot({ topic: 'late' })], providers: [Resource] })
    class LateModule {}
    const broker = new TestBroker();
    const start = broker.startMicroservice(Test.createTestingModule({ imports: [LateModule] }));
    const refused = expect(start).rejects.toThrow(/closed before the application started: is an "await" missing\?/);
    await broker.close();
    await refused;
    expect(closed).toBe(1);
  });

  it('names the module that is missing', async () => {
    const broker = new TestBroker();
    const start = broker.startMicroservice(Test.createTestingModule({}));
    await expect(start).rejects.toThrow(/the module has no OsloServer; import OsloMessagingModule.forRoot/);
    await broker.close();
  });

  it('refuses to serve without a topic', async () => {
    const broker = new TestBroker();
    await expect(broker.serve({}, { take: () => 7 })).rejects.toThrow(/the target needs a topic/);
    await broker.close();
  });
});
