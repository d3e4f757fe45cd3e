import 'reflect-metadata';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  cleanup,
  getClient,
  getRpcClient,
  getRpcClientToken,
  getRpcTransport,
  getServer,
  init,
  NoOpSerializer,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  OsloServer,
  RequestContext,
  RequestContextInterceptor,
  RequestContextSerializer,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { lastValueFrom, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

/** Texts travel backwards. */
class Backwards extends RequestContextSerializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return typeof entity === 'string' ? [...entity].reverse().join('') : entity;
  }

  override deserializeEntity(ctxt: unknown, entity: unknown): unknown {
    return this.serializeEntity(ctxt, entity);
  }
}

/** Remembers the arguments as they came. */
class Watch implements CanActivate {
  static readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    Watch.seen.push(context.switchToRpc().getData());
    return true;
  }
}

@RpcEndpoint()
@UseGuards(Watch)
class Endpoint {
  @RpcMethod()
  greet(@RpcArg('name') name: string): string {
    return `hello ${name}`;
  }
}

/** Remembers the arguments as interceptors see them. */
class Spy implements NestInterceptor {
  static readonly seen: unknown[] = [];

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    Spy.seen.push(context.switchToRpc().getData());
    return next.handle();
  }
}

class Greeting {
  @RpcMethod()
  greet(@RpcArg('name') name: string): string {
    return `hello ${name}`;
  }
}

@RpcEndpoint({ namespace: 'above' })
@UseInterceptors(Spy)
class Above extends Greeting {}

@UseInterceptors(Spy)
@RpcEndpoint({ namespace: 'below' })
class Below extends Greeting {}

@UseInterceptors(RequestContextInterceptor)
@RpcEndpoint({ namespace: 'again' })
class Again extends Above {}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(serializer?: RequestContextSerializer, ...others: (new () => object)[]) {
  const topic = uniqueTopic();
  const options = { transportUrl: 'memory://', topic, logger: silent, ...(serializer && { serializer }) };
  const module = await Test.createTestingModule({ controllers: [Endpoint, ...others] }).compile();
  const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
  await app.listen();
  const transport = getRpcTransport({ transportUrl: 'memory://' });
  closing.push(
    () => transport.cleanup(),
    () => app.close(),
  );
  // It sends and reads what is on the wire.
  const client = getRpcClient(transport, new Target({ topic }));
  return (name: string, namespace?: string) => client.prepare({ namespace }).call({}, 'greet', { name });
}

describe("an endpoint's serializer", () => {
  it('belongs to its own server, even beside other servers of the class', async () => {
    const plain = await serve();
    const backwards = await serve(new Backwards());
    const later = await serve();
    expect(await plain('abc')).toBe('hello abc');
    expect(await backwards('abc')).toBe('abc olleh');
    expect(await later('abc')).toBe('hello abc');
  });

  it('changes arguments behind the guards', async () => {
    const backwards = await serve(new Backwards());
    Watch.seen.length = 0;
    await backwards('abc');
    expect(Watch.seen).toEqual([{ name: 'abc' }]);
  });

  it('changes arguments once, before other interceptors, in any order of binding', async () => {
    const backwards = await serve(new Backwards(), Above, Below, Again);
    Spy.seen.length = 0;
    for (const namespace of ['above', 'below', 'again']) expect(await backwards('abc', namespace)).toBe('abc olleh');
    expect(Spy.seen).toEqual([{ name: 'cba' }, { name: 'cba' }, { name: 'cba' }]);
  });
});

/** Converts entities alone, and knows nothing of contexts. */
class Shouting extends NoOpSerializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return typeof entity === 'string' ? entity.toUpperCase() : entity;
  }
}

/** Says whom it sees. */
@RpcEndpoint()
class WhoEndpoint {
  @RpcMethod()
  who(@RpcArg('name') name: string, @RpcContext() context: RequestContext): string {
    return `${name} of ${context.userId}`;
  }
}

// The serializer that the option names converts entities everywhere; contexts are RequestContexts in any case.
describe.each([
  ['for entities alone', new Shouting()],
  ['for contexts, too', new RequestContextSerializer(new Shouting())],
])('the option serializer, %s', (_name, serializer) => {
  const context = RequestContext.fromDict({ user_id: 'u1' });
  const make = () => ({ transportUrl: `memory://${uniqueTopic()}`, topic: uniqueTopic(), logger: silent, serializer });

  it('is used in the same way by the module, its clients, a server and a client proxy', async () => {
    const options = make();
    const target = { topic: options.topic };
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot(options),
        OsloMessagingModule.forFeature([{ target }, { target, token: 'own', serializer }]),
      ],
      controllers: [WhoEndpoint],
    }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    closing.push(() => app.close());
    for (const token of [options.topic, 'own']) {
      const client = module.get<BackingOffClient>(getRpcClientToken(token));
      expect(await client.call(context, 'who', { name: 'a' })).toBe('A OF U1');
    }
    const proxy = new OsloClientProxy(options);
    closing.push(() => proxy.close());
    expect(await lastValueFrom(proxy.send('who', new OsloRecord({ name: 'b' }, { context })))).toBe('B OF U1');
  });

  it('is used in the same way by init', async () => {
    init(make());
    closing.push(() => cleanup());
    const target = new Target({ topic: 't', server: 'one' });
    const endpoint = { who: (ctxt: RequestContext, { name }: { name: string }) => `${name} of ${ctxt.userId}` };
    const server = getServer(target, [endpoint]);
    await server.start();
    closing.push(() => server.stop());
    expect(await getClient(target).call(context, 'who', { name: 'a' })).toBe('A OF U1');
    expect(await getClient(target, { serializer }).call(context, 'who', { name: 'a' })).toBe('A OF U1');
  });
});
