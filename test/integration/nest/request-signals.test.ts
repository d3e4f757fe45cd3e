import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  CallAborted,
  getCurrentRequest,
  getRpcClient,
  getRpcTransport,
  InjectRpcClient,
  MessagingTimeout,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  OsloRpcContext,
  OsloServer,
  RequestContext,
  RequestExpired,
  RpcEndpoint,
  RpcMethod,
  ServerStopped,
  Target,
} from 'nestjs-oslo-messaging';
import { firstValueFrom, lastValueFrom, Subject, takeUntil, timeout } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const reasonOf = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

describe('The signal of a request in Nest', () => {
  const closing: (() => Promise<unknown>)[] = [];
  let seen: unknown[];
  let log: LogRecorder;
  let url: string;

  beforeEach(() => {
    seen = [];
    log = new LogRecorder();
    url = `memory://${uniqueTopic()}`;
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(controller: Type<object>, options = {}): Promise<INestMicroservice> {
    const given = { transportUrl: url, topic: 't', host: 'h', logger: log, drainTimeout: '100ms', ...options };
    const module = await Test.createTestingModule({ controllers: [controller] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(given), logger: false });
    await app.listen();
    closing.push(() => app.close());
    return app;
  }

  function clientOf(topic = 't', rpcResponseTimeout = 20) {
    const transport = getRpcTransport({ transportUrl: url, logger: silent, rpcResponseTimeout });
    closing.push(() => transport.cleanup());
    return { transport, client: getRpcClient(transport, new Target({ topic })) };
  }

  it('is that of its context, which is the current request', async () => {
    @RpcEndpoint()
    class Endpoint {
      @RpcMethod()
      async look(@Ctx() context: OsloRpcContext) {
        await Promise.resolve();
        const current = getCurrentRequest();
        seen.push(current === context, current?.getSignal() === context.getSignal(), context.getSignal().aborted);
        return context.getRemainingTime();
      }

      @RpcMethod()
      async wait(@Ctx() context: OsloRpcContext) {
        seen.push(await reasonOf(context.getSignal()));
        throw context.getSignal().reason;
      }

      @RpcMethod()
      pause(@Ctx() context: OsloRpcContext) {
        return sleep(60_000, undefined, { signal: context.getSignal() });
      }
    }
    await start(Endpoint);
    const { client } = clientOf();
    expect(await client.prepare({ timeout: 5 }).call({}, 'look')).toBeCloseTo(5, 0);
    expect(seen).toEqual([true, true, false]);
    await client.cast({}, 'look');
    await eventually(() => expect(seen).toHaveLength(6));
    await client
      .prepare({ timeout: 0.2 })
      .call({}, 'wait')
      .catch(() => undefined);
    await eventually(() => expect(seen[6]).toBeInstanceOf(RequestExpired));
    // The handler did as it was told: that is no error.
    await eventually(() =>
      expect(log.messages(/^Stopped "wait": The caller of "wait" has given up/, 'debug')).toHaveLength(1),
    );
    await client
      .prepare({ timeout: 0.2 })
      .call({}, 'pause')
      .catch(() => undefined);
    await eventually(() => expect(log.messages(/^Stopped "pause": The caller of "pause"/, 'debug')).toHaveLength(1));
    expect(log.messages(/Exception while handling/)).toEqual([]);
  });

  it('bounds the calls of an injected client, and says so', async () => {
    @Controller()
    class Relay {
      constructor(@InjectRpcClient('LEAF') private readonly client: BackingOffClient) {}

      @MessagePattern('relay')
      async relay() {
        seen.push(await this.client.call(undefined, 'wait').catch((error: unknown) => error));
      }
    }
    const leaf = uniqueTopic();
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot({ transportUrl: url, topic: 't', logger: log, drainTimeout: '100ms' }),
        OsloMessagingModule.forFeature([{ target: { topic: leaf }, token: 'LEAF' }]),
      ],
      controllers: [Relay],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    await app.init();
    closing.push(() => app.close());

    @RpcEndpoint()
    class Leaf {
      @RpcMethod()
      async wait(@Ctx() context: OsloRpcContext) {
        seen.push(await reasonOf(context.getSignal()));
      }
    }
    await start(Leaf, { topic: leaf });
    await clientOf()
      .client.prepare({ timeout: 0.3 })
      .call({}, 'relay')
      .catch(() => undefined);
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual(expect.arrayContaining([expect.any(RequestExpired)]));
    const error = seen.find((one) => one instanceof MessagingTimeout);
    if (error) expect(String(error)).toContain('the caller of the request that is being handled has given up, too');
    expect(log.messages(/Increased the timeout|random pause/)).toEqual([]);
  });

  it('aborts when the application has closed without its handlers', async () => {
    @RpcEndpoint()
    class Endpoint {
      @RpcMethod()
      async wait(@Ctx() context: OsloRpcContext) {
        seen.push('begun');
        seen.push(await reasonOf(context.getSignal()));
      }
    }
    const app = await start(Endpoint);
    await clientOf().client.cast({}, 'wait');
    await eventually(() => expect(seen).toEqual(['begun']));
    await app.close();
    await eventually(() => expect(seen[1]).toBeInstanceOf(ServerStopped));
  });

  describe('OsloClientProxy', () => {
    let proxy: OsloClientProxy;

    @RpcEndpoint()
    class Endpoint {
      @RpcMethod()
      wait() {
        seen.push('begun');
        return new Promise(() => undefined);
      }

      @RpcMethod()
      ask() {
        return 42;
      }
    }

    beforeEach(async () => {
      await start(Endpoint);
      proxy = new OsloClientProxy({ transportUrl: url, topic: 't', logger: silent, rpcResponseTimeout: 20 });
      closing.push(() => proxy.close());
    });

    const pending = () => proxy.unwrap().health().pendingCalls;

    it.each(['unsubscribe', 'takeUntil', 'timeout'])('gives up a call by %s', async (how) => {
      const stop = new Subject<void>();
      const request = proxy.send('wait', {});
      const errors: unknown[] = [];
      const until = {
        unsubscribe: request,
        takeUntil: request.pipe(takeUntil(stop)),
        timeout: request.pipe(timeout(200)),
      };
      const subscription = until[how as keyof typeof until].subscribe({
        error: (error: unknown) => errors.push(error),
      });
      await eventually(() => expect([seen, pending()]).toEqual([['begun'], 1]));
      if (how === 'unsubscribe') subscription.unsubscribe();
      else if (how === 'takeUntil') stop.next();
      else await eventually(() => expect(errors).toHaveLength(1));
      await eventually(() => expect(pending()).toBe(0));
      expect(errors.map((error) => (error as Error).name)).toEqual(how === 'timeout' ? ['TimeoutError'] : []);
      expect(await firstValueFrom(proxy.send('ask', {}))).toBe(42);
    });

    it('gives up a call by the signal of its record', async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const record = new OsloRecord({}, { context: new RequestContext(), signal: controller.signal });
      const call = lastValueFrom(proxy.send('wait', record)).catch((error: unknown) => error);
      await eventually(() => expect(pending()).toBe(1));
      controller.abort(reason);
      expect(await call).toBe(reason);
      expect(pending()).toBe(0);
      const refused = new OsloRecord({}, { signal: AbortSignal.abort('a text') });
      expect(await lastValueFrom(proxy.send('wait', refused)).catch((error: unknown) => error)).toBeInstanceOf(
        CallAborted,
      );
      expect(seen).toEqual(['begun']);
    });
  });
});
