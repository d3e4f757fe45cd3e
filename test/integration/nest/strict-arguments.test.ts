import 'reflect-metadata';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  createParamDecorator,
  DefaultValuePipe,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import {
  ConfigurationError,
  getRpcClient,
  JsonPayloadSerializer,
  type OsloMessagingOptions,
  type OsloRpcContext,
  OsloServer,
  RemoteError,
  type RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { catchError, map, type Observable, throwError } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(controller: new (...args: never[]) => object, options: OsloMessagingOptions = {}) {
  const topic = uniqueTopic();
  const logger = new LogRecorder();
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const server = new OsloServer({ transportUrl: `memory://${topic}/`, topic, logger, ...options });
  const app = module.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
  closing.push(() => app.close());
  const client = getRpcClient(server.unwrap(), new Target({ topic, version: '1.0' }), { timeout: 5 });
  const call = (method: string, args: object = {}) =>
    client
      .call({ user_id: 'alice' }, method, args)
      .catch((error: unknown) =>
        error instanceof RemoteError ? `${error.excType}: ${error.value}` : Promise.reject(error),
      );
  return { call, logger };
}

const ran: string[] = [];

class Named {
  @IsString()
  name!: string;
}

/** Parameter decorator of a user, which reads an argument. */
const Hidden = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToRpc().getData<{ hidden: unknown }>().hidden,
);

class Base {
  @RpcMethod()
  inherited(@RpcArg('id') id: string, @RpcArg('force') force = false): string {
    return `${id} ${force}`;
  }

  @RpcMethod()
  narrowed(@RpcArg('id') id: string, @RpcArg('name') name: string): string {
    return `${id} ${name}`;
  }

  @RpcMethod()
  kept(@RpcArg('id') id: string): string {
    return `base ${id}`;
  }
}

@RpcEndpoint()
class Endpoint extends Base {
  @RpcMethod()
  one(@RpcArg('x') x: number): string {
    ran.push('one');
    return `one ${x}`;
  }

  @RpcMethod('wire_name')
  three(@RpcContext() context: RequestContext, @RpcArg('x') x: number, @RpcArg('y') y: number, @RpcArg('z') z: number) {
    return [context.userId, x, y, z];
  }

  @RpcMethod()
  optional(
    @RpcArg('a') a: number,
    @RpcArg('b', { optional: true }) b: number | undefined,
    @RpcArg('c', new DefaultValuePipe(3), ParseIntPipe) c: number,
    @RpcArg('d', new ParseIntPipe({ optional: true })) d: number | undefined,
    @RpcArg('e', { optional: true }, new ParseIntPipe({ optional: true })) e: number | undefined,
    @RpcArg('f') f = 6,
  ): unknown {
    return [a, b ?? 'none', c, d ?? 'none', e ?? 'none', f];
  }

  @RpcMethod()
  nothing(): string {
    return 'nothing';
  }

  @RpcMethod()
  contextOnly(@RpcContext() context: RequestContext): string | undefined {
    return context.userId;
  }

  @RpcMethod()
  ctxOnly(@Ctx() context: OsloRpcContext): string {
    return context.getMethod();
  }

  @RpcMethod()
  payload(@Payload('x') x: number): number {
    return x;
  }

  @RpcMethod()
  @UsePipes(new ValidationPipe({ transform: true }))
  whole(@RpcArgs() args: Named): unknown {
    return args;
  }

  @RpcMethod()
  undecorated(args: object): unknown {
    return args;
  }

  @RpcMethod()
  both(@RpcArg('x') x: number, @RpcArgs() args: object): unknown {
    return [x, args];
  }

  @RpcMethod()
  custom(@RpcArg('x') x: number, @Hidden() hidden: unknown): unknown {
    return [x, hidden];
  }

  @RpcMethod({ strictArguments: false })
  lenient(@RpcArg('x') x?: number): unknown {
    return x ?? 'none';
  }

  @RpcMethod()
  override narrowed(@RpcArg('id') id: string): string {
    return `only ${id}`;
  }

  override kept(id: string): string {
    return `override ${id}`;
  }
}

const missing = (method: string, words: string) => `TypeError: Endpoint.${method}() missing ${words}`;
const unexpected = (method: string, name: string) =>
  `TypeError: Endpoint.${method}() got an unexpected keyword argument '${name}'`;

describe('arguments that are named', () => {
  it.each<[string, object, unknown]>([
    ['one', { x: 1 }, 'one 1'],
    ['one', { x: null }, 'one null'],
    ['one', {}, missing('one', "1 required positional argument: 'x'")],
    ['one', { x: 1, y: 2 }, unexpected('one', 'y')],
    ['one', { x: 1, ctxt: 2 }, "TypeError: Endpoint.one() got multiple values for argument 'ctxt'"],
    ['wire_name', { x: 1, y: 2, z: 3 }, ['alice', 1, 2, 3]],
    ['wire_name', {}, missing('three', "3 required positional arguments: 'x', 'y', and 'z'")],
    ['wire_name', { y: 2 }, missing('three', "2 required positional arguments: 'x' and 'z'")],
    ['optional', { a: 1 }, [1, 'none', 3, 'none', 'none', 6]],
    ['optional', { a: 1, b: 2, c: 4, d: 5, e: 6, f: 7 }, [1, 2, 4, 5, 6, 7]],
    ['optional', {}, missing('optional', "1 required positional argument: 'a'")],
    ['nothing', {}, 'nothing'],
    ['nothing', { x: 1 }, unexpected('nothing', 'x')],
    ['contextOnly', {}, 'alice'],
    ['contextOnly', { x: 1 }, unexpected('contextOnly', 'x')],
    ['ctxOnly', {}, 'ctxOnly'],
    ['ctxOnly', { x: 1 }, unexpected('ctxOnly', 'x')],
    ['payload', {}, missing('payload', "1 required positional argument: 'x'")],
    ['inherited', { id: 'v' }, 'v false'],
    ['inherited', {}, missing('inherited', "1 required positional argument: 'id'")],
    ['narrowed', { id: 'v' }, 'only v'],
    ['narrowed', { id: 'v', name: 'n' }, unexpected('narrowed', 'name')],
    ['kept', { id: 'v' }, 'override v'],
    ['kept', {}, missing('kept', "1 required positional argument: 'id'")],
  ])('%s %j', async (method, args, expected) => {
    const { call } = await serve(Endpoint);
    expect(await call(method, args)).toEqual(expected);
  });

  it('are checked before the handler runs, and logged in one line', async () => {
    const { call, logger } = await serve(Endpoint);
    ran.length = 0;
    await call('one', { y: 2 });
    expect(ran).toEqual([]);
    const lines = logger.lines.filter(({ message }) => message.includes('one'));
    const text = `Expected exception in "one": ${unexpected('one', 'y').replace('TypeError: ', '')}`;
    // The mistake is the caller's.
    expect(lines).toMatchObject([{ level: 'debug', message: expect.stringContaining(`${text} (method "one", `) }]);
  });
});

describe('arguments that are not all named', () => {
  it.each<[string, object, unknown]>([
    ['whole', { name: 'n', other: 1 }, { name: 'n', other: 1 }],
    ['undecorated', { any: 1 }, { any: 1 }],
    ['both', { y: 2 }, [null, { y: 2 }]],
    ['custom', { hidden: 5 }, [null, 5]],
    ['lenient', { other: 1 }, 'none'],
  ])('reach %s as they are', async (method, args, expected) => {
    const { call } = await serve(Endpoint);
    expect(await call(method, args)).toEqual(expected);
  });

  it('are what strictArguments: false makes of all', async () => {
    const { call } = await serve(Endpoint, { strictArguments: false });
    expect(await call('one', { y: 2 })).toBe('one undefined');
    expect(await call('nothing', { x: 1 })).toBe('nothing');
  });
});

describe('the pipeline', () => {
  const steps: string[] = [];

  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      steps.push('guard');
      return context.switchToRpc().getContext<OsloRpcContext>().getRequestContext().userId === 'alice';
    }
  }

  class Watching implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      steps.push('interceptor');
      return next.handle().pipe(
        map((value: unknown) => value),
        catchError((error: Error) => {
          steps.push(error.name);
          return throwError(() => error);
        }),
      );
    }
  }

  @Catch(TypeError)
  class Filter implements ExceptionFilter {
    catch(error: TypeError, _host: ArgumentsHost): Observable<never> {
      steps.push('filter');
      return throwError(() => new RangeError(`filtered: ${error.message}`));
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  @UseGuards(Guard)
  @UseInterceptors(Watching)
  @UseFilters(Filter)
  @RpcEndpoint()
  class Piped {
    @RpcMethod()
    one(@RpcArg('x', ParseIntPipe) x: number): number {
      steps.push('handler');
      return x;
    }

    @RpcMethod()
    two(@RpcContext() _context: RequestContext): string {
      steps.push('handler');
      return 'two';
    }
  }

  it.each([
    ['one', { x: '1' }, 1],
    ['two', {}, 'two'],
  ])('runs as a whole for fitting arguments of %s', async (method, args, expected) => {
    const { call } = await serve(Piped);
    steps.length = 0;
    expect(await call(method, args)).toBe(expected);
    expect(steps).toEqual(['guard', 'interceptor', 'handler']);
  });

  it.each([
    ['one', {}, "missing 1 required positional argument: 'x'"],
    ['one', { x: 1, y: 2 }, "got an unexpected keyword argument 'y'"],
    ['two', { y: 2 }, "got an unexpected keyword argument 'y'"],
  ])('gets the error of %s %j in place of the handler', async (method, args, words) => {
    const { call } = await serve(Piped);
    steps.length = 0;
    expect(await call(method, args)).toBe(`ValueError: filtered: Piped.${method}() ${words}`);
    expect(steps).toEqual(['guard', 'interceptor', 'TypeError', 'filter']);
  });

  it('gets the error through a serializer of entities, too', async () => {
    const { call } = await serve(Piped, { serializer: new JsonPayloadSerializer() });
    expect(await call('one', { x: '1' })).toBe(1);
    expect(await call('one', { y: 1 })).toContain("got an unexpected keyword argument 'y'");
  });
});

describe('guards', () => {
  let seen: unknown[] = [];

  class Deciding implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const { tenant } = context.switchToRpc().getData<{ tenant?: string }>();
      seen.push(tenant);
      return tenant === 'mine';
    }
  }

  @UseGuards(Deciding)
  @RpcEndpoint()
  class Guarded {
    @RpcMethod()
    nothing(): string {
      return 'nothing';
    }

    @RpcMethod()
    one(@RpcArg('tenant') tenant: string): string {
      return tenant;
    }
  }

  @RpcEndpoint()
  class Wider extends Guarded {
    @RpcMethod()
    override one(@RpcArg('tenant') tenant: string, @RpcArg('size', { optional: true }) size?: number): string {
      return `${tenant} ${size}`;
    }
  }

  it.each([
    ['nothing', { tenant: 'other' }, 'other'],
    ['one', {}, undefined],
    ['one', { tenant: 'other', secret: 1 }, 'other'],
  ])('decide about %s %j before the arguments are refused', async (method, args, tenant) => {
    const { call } = await serve(Guarded);
    seen = [];
    expect(String(await call(method, args))).toMatch(/Forbidden/);
    expect(seen).toEqual([tenant]);
  });

  it('let the refusal of an allowed request through', async () => {
    const { call } = await serve(Guarded);
    expect(await call('nothing', { tenant: 'mine' })).toContain("got an unexpected keyword argument 'tenant'");
    expect(await call('one', { tenant: 'mine', x: 1 })).toContain("got an unexpected keyword argument 'x'");
    expect(await call('one', { tenant: 'mine' })).toBe('mine');
  });

  it('keep the parameters of an overriding method', async () => {
    const { call } = await serve(Wider);
    expect(await call('one', { tenant: 'mine', size: 5 })).toBe('mine 5');
    expect(await call('one', { tenant: 'mine', x: 1 })).toContain("got an unexpected keyword argument 'x'");
  });
});

it('gives no inherited argument', async () => {
  @RpcEndpoint()
  class Inheriting {
    @RpcMethod()
    one(@RpcArg('valueOf', { optional: true }) value?: unknown): string {
      return typeof value;
    }
  }
  for (const strictArguments of [true, false]) {
    const { call } = await serve(Inheriting, { strictArguments });
    expect(await call('one', {})).toBe('undefined');
    expect(await call('one', { valueOf: 'x' })).toBe('string');
  }
});

it('refuses unknown options of a parameter', () => {
  expect(() => RpcArg('x', { optinal: true } as never)).toThrow(ConfigurationError);
  expect(() => RpcArg('x', { optional: 1 } as never)).toThrow(/optional.*true or false/);
});
