import 'reflect-metadata';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Module,
  type NestInterceptor,
  ParseIntPipe,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  call,
  cast,
  defineRpcApi,
  getRpcApiClient,
  getRpcApiToken,
  getRpcTransport,
  InjectRpcApi,
  OsloMessagingModule,
  OsloServer,
  RemoteError,
  RequestContext,
  type RpcApiClient,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const topic = uniqueTopic('conductor');
const methods = {
  get: call<{ vnf_id: string }, string>(),
  steps: call<{ vnf_id: string; steps: string }, string>({ name: 'count_steps' }),
  whoami: call<Record<never, never>, string>(),
  stop: cast<{ vnf_id: string }>(),
  late: call<{ id: string }, string, '1.2'>({ since: '1.2' }),
};
const apiV1 = defineRpcApi({ topic, version: '1.2', methods });
const apiV2 = defineRpcApi({ topic, version: '2.0', methods: { get: call<{ id: string }, { id: string }>() } });
const scopedApi = defineRpcApi({
  topic,
  namespace: 'scoped',
  version: '1.0',
  methods: { made: call<object, number>() },
});

class Denying implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<{ vnf_id: string }>().vnf_id !== 'secret';
  }
}

class Loud implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<string> {
    return next.handle().pipe(map((result) => `${result}!`));
  }
}

const stopped: string[] = [];

@RpcEndpoint(apiV1)
class Conductor implements Omit<RpcHandlers<typeof apiV1>, 'late'> {
  @UseGuards(Denying)
  @UseInterceptors(Loud)
  get({ vnf_id }: { vnf_id: string }): string {
    return vnf_id;
  }

  /** Adds options; the name on the wire stays that of the API. */
  @RpcMethod({ delivery: 'at-most-once' })
  steps(@RpcArg('vnf_id') id: string, @RpcArg('steps', ParseIntPipe) steps: unknown): string {
    return `${id} ${typeof steps}`;
  }

  whoami(@RpcContext() context: RequestContext): string {
    return String(context.userId);
  }

  stop({ vnf_id }: { vnf_id: string }): void {
    stopped.push(vnf_id);
  }

  @RpcMethod('late')
  answeredLate({ id }: { id: string }): string {
    return id;
  }

  /** No method of the API. */
  hidden(): string {
    return 'hidden';
  }
}

/** The methods of a base class are those of the endpoint, too. */
class BaseV2 implements RpcHandlers<typeof apiV2> {
  get({ id }: { id: string }): { id: string } {
    return { id };
  }
}

@RpcEndpoint(apiV2)
class ConductorV2 extends BaseV2 {}

let made = 0;

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly number = ++made;
}

@RpcEndpoint(scopedApi)
class Scoped {
  constructor(private readonly own: PerRequest) {}

  made(): number {
    return this.own.number;
  }
}

@Injectable()
class Caller {
  constructor(
    @InjectRpcApi(apiV1) readonly conductor: RpcApiClient<typeof apiV1>,
    @InjectRpcApi(apiV2) readonly second: RpcApiClient<typeof apiV2>,
    @InjectRpcApi(scopedApi) readonly scoped: RpcApiClient<typeof scopedApi>,
  ) {}
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(url: string, controllers: (new (...args: never[]) => object)[]) {
  @Module({
    imports: [
      OsloMessagingModule.forRoot({ transportUrl: url, rpcResponseTimeout: 20, logger: silent }),
      OsloMessagingModule.forFeature([{ api: apiV1 }, { api: apiV2, timeout: 15 }, { api: scopedApi }]),
    ],
    controllers,
    providers: [Caller, PerRequest],
  })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
  closing.push(() => app.close());
  await app.listen();
  return { app, caller: module.get(Caller) };
}

const ENGINES = [
  ['memory://', describe, () => `memory://${uniqueTopic()}/`],
  ['RabbitMQ', describeWithRabbit, () => rabbitUrl],
] as const;

describe.each(ENGINES)('@RpcEndpoint(api) on %s', (_name, describeHere, urlOf) => {
  describeHere('with injected typed clients', () => {
    it('answers each method of its API, each version of it side by side', async () => {
      const { caller } = await start(urlOf(), [Conductor, ConductorV2, Scoped]);
      const { conductor, second, scoped } = caller;
      expect(await conductor.get({ vnf_id: 'v1' })).toBe('v1!');
      expect(await conductor.steps({ vnf_id: 'v1', steps: '3' })).toBe('v1 number');
      expect(await conductor.late({ id: 'late' })).toBe('late');
      expect(await conductor.whoami({}, { context: new RequestContext({ userId: 'alice' }) })).toBe('alice');
      expect(await second.get({ id: 'v2' })).toEqual({ id: 'v2' });
      await conductor.stop({ vnf_id: 'v9' });
      await eventually(() => expect(stopped).toContain('v9'));
      const first = await scoped.made({});
      expect(await scoped.made({})).toBe(first + 1);
      await expect(conductor.get({ vnf_id: 'secret' })).rejects.toMatchObject({ value: 'Forbidden resource' });
      const unknown = await conductor.$client.call({}, 'hidden').catch((error: unknown) => error);
      expect(unknown).toBeInstanceOf(RemoteError);
      expect(unknown).toMatchObject({ excType: 'NoSuchMethod' });
      // The name in the class is not the one on the wire.
      await expect(conductor.$client.call({}, 'steps')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    });
  });
});

describe('an endpoint of an API', () => {
  @RpcEndpoint(apiV1)
  class Incomplete {
    get(): string {
      return '';
    }
    readonly whoami = () => 'a property';
    steps(): string {
      return '';
    }
  }

  it('does not start without a method, which it names', async () => {
    const starting = start(`memory://${uniqueTopic()}/`, [Incomplete]);
    await expect(starting).rejects.toBeInstanceOf(ConfigurationError);
    await expect(starting).rejects.toThrow(
      /Incomplete does not answer its API \(<Target .*version=1.2>\): it has no method "whoami", "stop", "late"\. Add them/,
    );
  });

  it('does not start without a method outside of the module either', async () => {
    const module = await Test.createTestingModule({ controllers: [Incomplete] }).compile();
    const strategy = new OsloServer({ transportUrl: `memory://${uniqueTopic()}/`, logger: silent });
    const app = module.createNestMicroservice({ strategy, logger: false });
    closing.push(() => app.close());
    await expect(app.listen()).rejects.toThrow(/Incomplete does not answer its API/);
  });

  it('refuses unknown options', () => {
    expect(() => RpcEndpoint(apiV1, { topic: 'x' } as never)).toThrow(/Unknown @RpcEndpoint option "topic"/);
    expect(() => RpcEndpoint(apiV1, { transport: '' })).toThrow(ConfigurationError);
  });

  it('inherits the guards of a method that it overrides', async () => {
    const api = defineRpcApi({ topic, version: '3.0', methods: { get: methods.get } });
    class Base {
      @UseGuards(Denying)
      get({ vnf_id }: { vnf_id: string }): string {
        return vnf_id;
      }
    }
    @RpcEndpoint(api)
    class Overriding extends Base {
      override get(args: { vnf_id: string }): string {
        return super.get(args);
      }
    }
    const url = `memory://${uniqueTopic()}/`;
    await start(url, [Overriding]);
    const transport = getRpcTransport({ transportUrl: url, logger: silent });
    closing.push(() => transport.cleanup());
    const client = getRpcApiClient(transport, api);
    expect(await client.get({ vnf_id: 'v' })).toBe('v');
    await expect(client.get({ vnf_id: 'secret' })).rejects.toMatchObject({ value: 'Forbidden resource' });
  });
});

describe('forFeature with an API', () => {
  const feature = (given: object) => () => OsloMessagingModule.forFeature([given as never]);

  it('provides under the token of the API, or under its own', () => {
    const { exports } = OsloMessagingModule.forFeature([{ api: apiV1 }, { api: apiV2, token: 'second' }]);
    expect(exports).toEqual([getRpcApiToken(apiV1), 'second']);
    expect(getRpcApiToken(apiV1)).toBe(getRpcApiToken(apiV1));
    expect(getRpcApiToken(apiV1)).not.toBe(getRpcApiToken(apiV2));
    expect(getRpcApiToken(apiV1, 'b')).not.toBe(getRpcApiToken(apiV1));
    expect(String(getRpcApiToken(apiV1, 'b'))).toContain(`RpcApi '${topic}' 1.2 at the broker 'b'`);
  });

  it('refuses values without an API, and unknown options', () => {
    expect(feature({ api: undefined })).toThrow(/forFeature: api: expected an API.*got undefined/);
    expect(feature({ api: { target: {} } })).toThrow(ConfigurationError);
    expect(feature({ api: apiV1, cap: '1.0' })).toThrow(/Unknown forFeature option "cap"/);
    expect(() => InjectRpcApi(undefined as never)).toThrow(/API token: expected an API/);
    const twice = [{ api: apiV1 }, { api: apiV1, timeout: 5 }];
    expect(() => OsloMessagingModule.forFeature(twice)).toThrow(ConfigurationError);
  });
});
