import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  cleanup,
  createConnection,
  getClient,
  getCurrentRequestContext,
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  InjectRpcClient,
  init,
  Notifier,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  OsloRpcContext,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
  RPCClient,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  runWithRequestContext,
  Service,
  Target,
} from 'nestjs-oslo-messaging';
import { defer, from, lastValueFrom, map, mergeMap, type Observable, timer } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

type Args = Record<string, unknown>;
const serializer = new RequestContextSerializer();
const as = (userId: string) => RequestContext.fromDict({ user_id: userId });
const current = () => getCurrentRequestContext()?.userId;

/** Looks where a request comes in, before its own context is there. */
class Watching extends RequestContextSerializer {
  static readonly found: unknown[] = [];

  override deserializeContext(ctxt: Args): unknown {
    Watching.found.push(getCurrentRequestContext());
    return super.deserializeContext(ctxt);
  }
}

/** Tells who asks. */
class Who {
  readonly seen: unknown[] = [];

  who(ctxt: RequestContext): unknown {
    this.seen.push(ctxt.userId);
    return ctxt.userId ?? null;
  }
}

/** Asks in turn, without a context or with another. */
class Relay {
  constructor(private readonly client: RPCClient) {}

  async relay(_ctxt: unknown, { wait = 0 }: Args): Promise<unknown> {
    await sleep(Number(wait));
    return this.client.call(undefined, 'who');
  }

  relayNull(): Promise<unknown> {
    return this.client.call(null, 'who');
  }

  relayEmpty(): Promise<unknown> {
    return this.client.call({}, 'who');
  }

  relayOther(): Promise<unknown> {
    return this.client.call(as('other'), 'who');
  }

  relayCast(): Promise<unknown> {
    return this.client.cast(undefined, 'who');
  }
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

for (const url of ['memory://', ...(rabbitUrl ? [rabbitUrl] : [])]) {
  describe(`nested calls on ${url.split(':')[0]}`, () => {
    async function start() {
      const transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: 10 });
      closing.push(() => transport.cleanup());
      const [whoTopic, relayTopic] = [uniqueTopic('who'), uniqueTopic('relay')];
      const who = new Who();
      const toWho = getRpcClient(transport, new Target({ topic: whoTopic }), { serializer });
      for (const [topic, endpoint] of [
        [whoTopic, who],
        [relayTopic, new Relay(toWho)],
      ] as const) {
        const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [endpoint], {
          serializer: new Watching(),
        });
        await server.start();
        closing.push(() => server.stop());
      }
      return { who, toWho, client: getRpcClient(transport, new Target({ topic: relayTopic }), { serializer }) };
    }

    it('inherit the request context, unless another is given', async () => {
      const { client, who } = await start();
      expect(await client.call(as('u1'), 'relay')).toBe('u1');
      expect(await client.call(as('u2'), 'relayNull')).toBe('u2');
      expect(await client.call(as('u3'), 'relayEmpty')).toBeNull();
      expect(await client.call(as('u4'), 'relayOther')).toBe('other');
      await client.call(as('u5'), 'relayCast');
      await eventually(() => expect(who.seen).toEqual(['u1', 'u2', undefined, 'other', 'u5']));
    });

    it('keep overlapping requests apart', async () => {
      const { client } = await start();
      const users = Array.from({ length: 50 }, (_, index) => `u${index}`);
      const calls = users.map((user, index) => client.call(as(user), 'relay', { wait: (50 - index) % 7 }));
      expect(await Promise.all(calls)).toEqual(users);
    });

    it('have no context to inherit outside of a request', async () => {
      const { client, toWho } = await start();
      expect(getCurrentRequestContext()).toBeUndefined();
      expect(await toWho.call(undefined, 'who')).toBeNull();
      // What a nested call sets going in this process is no part of the request that it came from.
      Watching.found.length = 0;
      expect(await client.call(as('u1'), 'relay')).toBe('u1');
      await client.call(as('u1'), 'relayCast');
      await eventually(() => expect(Watching.found).toEqual([undefined, undefined, undefined, undefined]));
      expect(await toWho.call(undefined, 'who')).toBeNull();
      expect(getCurrentRequestContext()).toBeUndefined();
      const context = as('made');
      expect(await runWithRequestContext(context, () => toWho.call(undefined, 'who'))).toBe('made');
      expect(runWithRequestContext(context, () => getCurrentRequestContext())).toBe(context);
    });
  });
}

describe('the default runtime', () => {
  it('passes the request context on in a Service', async () => {
    init({ transportUrl: 'memory://', host: 'h' });
    closing.push(() => cleanup());
    const [whoTopic, relayTopic] = [uniqueTopic('who'), uniqueTopic('relay')];
    const connection = createConnection();
    connection.createConsumer(whoTopic, [new Who()]);
    await connection.consumeInThreads();
    const manager = new Relay(getClient(new Target({ topic: whoTopic })));
    const service = new Service('h', relayTopic, { manager });
    await service.start();
    expect(await getClient(new Target({ topic: relayTopic })).call(as('u1'), 'relay')).toBe('u1');
    await service.stop();
    await connection.close();
  });
});

describe('notifications', () => {
  it('inherit the request context, and pass it on from their handlers', async () => {
    const transport = getNotificationTransport({ transportUrl: 'memory://' });
    closing.push(() => transport.cleanup());
    const topics = [uniqueTopic('events')];
    const notifier = new Notifier(transport, { topics, publisherId: 'p', serializer });
    const seen: unknown[] = [];
    const listener = getNotificationListener(
      transport,
      [new Target({ topic: topics[0] })],
      [
        {
          info: async (ctxt: RequestContext) => {
            seen.push(['info', ctxt.userId, current()]);
            await notifier.error(undefined, 'again', {});
          },
          error: (ctxt: RequestContext) => {
            seen.push(['error', ctxt.userId, current()]);
          },
        },
      ],
      { serializer },
    );
    await listener.start();
    closing.push(() => listener.stop());
    await runWithRequestContext(as('u1'), () => notifier.info(undefined, 'first', {}));
    await eventually(() =>
      expect(seen).toEqual([
        ['info', 'u1', 'u1'],
        ['error', 'u1', 'u1'],
      ]),
    );
  });
});

describe('in Nest', () => {
  const places: unknown[] = [];
  const note = (place: string) => places.push([place, current()]);

  @Injectable()
  class Guard implements CanActivate {
    async canActivate(): Promise<boolean> {
      note('guard');
      return true;
    }
  }

  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      note('before');
      return next.handle().pipe(
        map((value: unknown) => {
          note('after');
          return value;
        }),
      );
    }
  }

  class Pipe implements PipeTransform {
    transform(value: unknown): unknown {
      note('pipe');
      return value;
    }
  }

  const names = { who: uniqueTopic('who'), relay: uniqueTopic('relay') };

  @RpcEndpoint({ topic: names.who })
  class WhoEndpoint {
    @RpcMethod()
    who(@Ctx() context: OsloRpcContext): unknown {
      return context.getRequestContext().userId ?? null;
    }
    @RpcMethod('request_id')
    requestId(@Ctx() context: OsloRpcContext): unknown {
      return context.getRequestContext().requestId ?? null;
    }
  }

  @RpcEndpoint({ topic: names.relay })
  class RelayEndpoint {
    readonly proxy = new OsloClientProxy({ transportUrl: 'memory://', topic: names.who });

    constructor(@InjectRpcClient(names.who) private readonly client: BackingOffClient) {}

    @RpcMethod()
    @UseGuards(Guard)
    @UseInterceptors(Interceptor)
    async everywhere(@RpcArg('x', { optional: true }, Pipe) _x: unknown): Promise<unknown> {
      note('handler');
      return this.client.call(undefined, 'who');
    }

    @RpcMethod()
    observable(): Observable<unknown> {
      return timer(1).pipe(mergeMap(() => defer(() => from(this.client.call(null, 'who')))));
    }

    @RpcMethod('by_proxy')
    byProxy(): Observable<unknown> {
      return this.proxy.send('who', {});
    }

    @RpcMethod('by_proxy_as_other')
    byProxyAsOther(): Observable<unknown> {
      return this.proxy.send('who', new OsloRecord({}, { context: as('other') }));
    }

    @MessagePattern('plain')
    plain(): Promise<unknown> {
      return this.client.call(undefined, 'who');
    }
  }

  @Controller()
  class Http {
    constructor(@InjectRpcClient(names.who) private readonly client: BackingOffClient) {}

    @Get()
    async get(): Promise<unknown> {
      return { current: current() ?? null, who: await this.client.call(undefined, 'who') };
    }
  }

  async function start() {
    const options = { transportUrl: 'memory://', topic: names.relay, rpcResponseTimeout: 5 };
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot(options),
        OsloMessagingModule.forFeature([{ target: { topic: names.who } }, { target: { topic: names.relay } }]),
      ],
      controllers: [WhoEndpoint, RelayEndpoint, Http],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    app.connectMicroservice({ strategy: module.get(OsloServer) });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    closing.push(() => app.close());
    closing.push(() => app.get(RelayEndpoint).proxy.close());
    const client = new OsloClientProxy(options);
    closing.push(() => client.close());
    const send = (method: string, user?: string) =>
      lastValueFrom(client.send(method, new OsloRecord({}, user ? { context: as(user) } : {})));
    return { app, send };
  }

  it('guards, interceptors, pipes, handlers and observables have a current request', async () => {
    const { send } = await start();
    places.length = 0;
    expect(await send('everywhere', 'u1')).toBe('u1');
    expect(places).toEqual(['guard', 'before', 'pipe', 'handler', 'after'].map((place) => [place, 'u1']));
    for (const method of ['observable', 'by_proxy', 'plain']) expect(await send(method, method)).toBe(method);
    expect(await send('by_proxy_as_other', 'u1')).toBe('other');
  });

  it('an HTTP request has none, and a proxy makes one', async () => {
    const { app } = await start();
    const answer = await fetch(await app.getUrl());
    expect(await answer.json()).toEqual({ current: null, who: null });
    const proxy = app.get(RelayEndpoint).proxy;
    expect(await lastValueFrom(proxy.send('request_id', {}))).toMatch(/^req-/);
  });

  it('an OsloRpcContext prints no token', async () => {
    const { inspect } = await import('node:util');
    const topic = uniqueTopic('print');
    const printed: string[] = [];
    @RpcEndpoint({ topic })
    class Printing {
      @RpcMethod()
      print(@Ctx() context: OsloRpcContext): boolean {
        printed.push(
          inspect(context, { depth: 20, showHidden: true }),
          JSON.stringify(context),
          inspect(context.getArgs(), { depth: 20 }),
        );
        return context.getRequestContext().authToken === 'a-token-of-somebody';
      }
    }
    const options = { transportUrl: 'memory://', topic };
    const module = await Test.createTestingModule({ controllers: [Printing] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    closing.push(() => app.close());
    const client = new OsloClientProxy(options);
    closing.push(() => client.close());
    const context = { auth_token: 'a-token-of-somebody', user_id: 'u1' };
    expect(await lastValueFrom(client.send('print', new OsloRecord({}, { context })))).toBe(true);
    expect(printed).toHaveLength(3);
    for (const text of printed) expect(text).not.toContain('a-token-of-somebody');
    // The request itself, which is the third, shows none of its context.
    for (const text of printed.slice(0, 2)) expect(text).toContain('u1');
  });
});
