import 'reflect-metadata';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type RpcExceptionFilter,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  type RequestContext as NestRequest,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import {
  BackingOffClient,
  getRpcClientToken,
  InjectRpcClient,
  OsloClientProxy,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloRecord,
  OsloRpcContext,
  OsloServer,
  RemoteError,
  RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { concatMap, from, lastValueFrom, map, type Observable, of, throwError } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

class Forbidden extends Error {}
class Broken extends Error {}
class Translated extends Error {}

@Injectable()
class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToRpc().getContext<OsloRpcContext>().getRequestContext<RequestContext>();
    if (request.userId === 'nobody') throw new Forbidden('not for nobody');
    return request.isAdmin === true;
  }
}

@Injectable()
class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

/** A filter that says where it was bound. */
function filter(place: string): RpcExceptionFilter {
  @Catch(Broken)
  class Filter implements RpcExceptionFilter {
    catch(error: Broken, _host: ArgumentsHost): Observable<never> {
      return throwError(() => new Translated(`${place}: ${error.message}`));
    }
  }
  return new Filter();
}

@Catch(Broken)
class Rescue implements RpcExceptionFilter {
  catch(): Observable<string> {
    return of('rescued');
  }
}

class Part {
  @IsInt()
  size!: number;
}

class CreateDto {
  @IsString()
  name!: string;

  @ValidateNested()
  @Type(() => Part)
  part!: Part;
}

@RpcEndpoint({ version: '1.2' })
class Main {
  readonly recorded: unknown[] = [];

  @RpcMethod()
  add(@RpcArgs() { a, b }: { a: number; b: number }): number {
    return a + b;
  }

  @RpcMethod('greet')
  sayHello(@RpcArg('name') name: string, @RpcContext() context: RequestContext): string {
    return `${name} by ${context.userId}`;
  }

  @RpcMethod()
  @UseGuards(AdminGuard)
  guarded(): string {
    return 'admin';
  }

  @RpcMethod()
  @UsePipes(new ValidationPipe({ transform: true }))
  create(@RpcArgs() dto: CreateDto): unknown {
    return { transformed: dto instanceof CreateDto && dto.part instanceof Part, name: dto.name };
  }

  @RpcMethod()
  @UseInterceptors(Doubling)
  doubled(@RpcArg('value') value: number): number {
    return value;
  }

  @RpcMethod()
  stream(): Observable<number> {
    return from([1, 2, 3]).pipe(concatMap((value) => Promise.resolve(value)));
  }

  @RpcMethod()
  empty(): Observable<never> {
    return from([]);
  }

  @RpcMethod()
  record(@RpcArgs() args: unknown): void {
    this.recorded.push(args);
  }

  @RpcMethod()
  fail(): never {
    throw new Broken('plainly');
  }

  @RpcMethod()
  failLater(): Observable<never> {
    return throwError(() => new Broken('later'));
  }

  @RpcMethod()
  failByRpcException(): never {
    throw new RpcException('by exception');
  }

  @RpcMethod()
  about(@Ctx() context: OsloRpcContext): unknown {
    return {
      method: context.getMethod(),
      topic: context.getTarget().topic,
      id: typeof context.getMessageId(),
      aborted: context.getSignal().aborted,
      user: context.getRequestContext<RequestContext>().userId,
    };
  }

  undecorated(): string {
    return 'never';
  }
}

@RpcEndpoint({ namespace: 'filtered' })
@UseFilters(filter('class'))
class Filtered {
  @RpcMethod()
  byClass(): never {
    throw new Broken('x');
  }

  @RpcMethod()
  @UseFilters(filter('method'))
  byMethod(): never {
    throw new Broken('x');
  }

  @RpcMethod()
  @UseFilters(Rescue)
  rescued(): never {
    throw new Broken('x');
  }

  @RpcMethod()
  notCaught(): never {
    throw new Forbidden('still');
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  static made = 0;
  readonly id = ++PerRequest.made;

  constructor(@Inject(REQUEST) readonly request: NestRequest) {}
}

@RpcEndpoint({ namespace: 'scoped' })
class Scoped {
  constructor(private readonly state: PerRequest) {}

  @RpcMethod()
  id(): number {
    return this.state.id;
  }

  @RpcMethod()
  injected(): boolean {
    return this.state.request.getContext() instanceof OsloRpcContext;
  }

  @RpcMethod()
  fail(): never {
    throw new Broken('scoped');
  }

  @RpcMethod()
  stream(): Observable<number> {
    return from([1, 2]);
  }
}

@Controller()
class Plain {
  static readonly events: unknown[] = [];

  @MessagePattern('sum')
  sum(@Payload() args: { values: number[] }): number {
    return args.values.reduce((sum, value) => sum + value, 0);
  }

  @MessagePattern('plainFailure')
  fail(): never {
    throw new Broken('plain');
  }

  @EventPattern('happened')
  happened(@Payload() args: unknown): void {
    Plain.events.push(args);
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('Nest on memory://', () => {
  const open: { close(): unknown }[] = [];

  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  const optionsOf = (topic: string): OsloMessagingOptions => ({
    transportUrl: 'memory://',
    topic,
    host: 'host1',
    rpcResponseTimeout: 5,
  });

  async function start(filters: RpcExceptionFilter[] = []) {
    const options = optionsOf(uniqueTopic());
    const controllers = [Main, Filtered, Scoped, Plain];
    const module = await Test.createTestingModule({ controllers, providers: [PerRequest] }).compile();
    const server = new OsloServer(options);
    const app = module.createNestMicroservice({ strategy: server, logger: false });
    app.useGlobalFilters(...filters);
    await app.listen();
    const proxy = new OsloClientProxy(options);
    open.push(app, proxy);
    const call = <T = unknown>(pattern: string | object, args: object = {}): Promise<T> =>
      lastValueFrom(proxy.send<T>(pattern, args));
    return { app, server, proxy, call, options };
  }

  async function failure(call: Promise<unknown>): Promise<RemoteError> {
    const error: unknown = await call.then(
      (result) => expect.fail(`resolved with ${String(result)}`),
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(RemoteError);
    return error as RemoteError;
  }

  it('calls decorated methods, with the whole arguments or one of them', async () => {
    const { call } = await start();
    expect(await call('add', { a: 2, b: 3 })).toBe(5);
    expect(await call({ method: 'add', version: '1.1' }, { a: 2, b: 3 })).toBe(5);
    expect(await call({ method: 'add', server: 'host1' }, { a: 1, b: 1 })).toBe(2);
    const record = new OsloRecord({ name: 'Nest' }, { context: RequestContext.fromDict({ user_id: 'u1' }) });
    expect(await call('greet', record)).toBe('Nest by u1');
  });

  it('calls nothing else', async () => {
    const { call } = await start();
    for (const method of ['undecorated', 'sayHello', 'constructor', 'toString', 'recorded', '{"method":"add"}']) {
      expect(await failure(call({ method }))).toMatchObject({ excType: 'NoSuchMethod' });
    }
    expect(await failure(call({ method: 'add', version: '1.3' }))).toMatchObject({ excType: 'UnsupportedVersion' });
    expect(await failure(call({ method: 'byClass' }))).toMatchObject({ excType: 'NoSuchMethod' });
  });

  it('calls the hooks around its work that an application sets', async () => {
    const { server, call } = await start();
    const seen: string[] = [];
    server.setOnProcessingStartHook(async (transport, context, done) => {
      seen.push(`start ${String(transport)} ${(context as OsloRpcContext).getMethod()}`);
      await done();
      seen.push('done');
    });
    server.setOnProcessingEndHook((_transport, context) => {
      seen.push(`end ${(context as OsloRpcContext).getMethod()}`);
    });
    expect(await call('add', { a: 2, b: 3 })).toBe(5);
    expect(seen).toEqual(['start Symbol(OSLO_MESSAGING) add', 'done', 'end add']);
    expect(await failure(call('guarded'))).toBeDefined();
    expect(seen.slice(3)).toEqual(['start Symbol(OSLO_MESSAGING) guarded', 'done', 'end guarded']);
  });

  it('asks a guard, which sees the request context', async () => {
    const { call } = await start();
    const as = (context: Record<string, unknown>) => new OsloRecord({}, { context: RequestContext.fromDict(context) });
    expect(await call('guarded', as({ is_admin: true }))).toBe('admin');
    const refused = await failure(call('guarded', as({ is_admin: false })));
    expect(refused.value).toContain('Forbidden resource');
    const thrown = await failure(call('guarded', as({ user_id: 'nobody' })));
    expect(thrown).toMatchObject({ excType: 'Forbidden', value: 'not for nobody' });
  });

  it('validates and transforms a DTO', async () => {
    const { call } = await start();
    expect(await call('create', { name: 'x', part: { size: 1 } })).toEqual({ transformed: true, name: 'x' });
    for (const wrong of [
      { name: 1, part: { size: 1 } },
      { name: 'x', part: { size: 'big' } },
    ]) {
      expect(await failure(call('create', wrong))).toMatchObject({ excType: 'BadRequestException' });
    }
  });

  it('runs interceptors around the method', async () => {
    const { call } = await start();
    expect(await call('doubled', { value: 21 })).toBe(42);
  });

  it('answers with the last value of an observable, or null', async () => {
    const { call } = await start();
    expect(await call('stream')).toBe(3);
    expect(await call('empty')).toBeNull();
    expect(await call('record', { x: 1 })).toBeNull();
  });

  it('tells the caller the class and message of what was thrown', async () => {
    const { call } = await start();
    expect(await failure(call('fail'))).toMatchObject({ excType: 'Broken', value: 'plainly' });
    expect(await failure(call('failLater'))).toMatchObject({ excType: 'Broken', value: 'later' });
    expect(await failure(call('failByRpcException'))).toMatchObject({ value: 'by exception' });
    expect(await failure(call('plainFailure'))).toMatchObject({ excType: 'Broken', value: 'plain' });
  });

  it('lets a bound filter win, the nearest first', async () => {
    const { call } = await start([filter('global')]);
    const filtered = (method: string) => failure(call({ method, namespace: 'filtered' }));
    expect(await filtered('byMethod')).toMatchObject({ excType: 'Translated', value: 'method: x' });
    expect(await filtered('byClass')).toMatchObject({ excType: 'Translated', value: 'class: x' });
    expect(await filtered('notCaught')).toMatchObject({ excType: 'Forbidden', value: 'still' });
    expect(await call({ method: 'rescued', namespace: 'filtered' })).toBe('rescued');
  });

  it('lets a global filter win', async () => {
    const { call } = await start([filter('global')]);
    expect(await failure(call('fail'))).toMatchObject({ excType: 'Translated', value: 'global: plainly' });
    expect(await failure(call('failLater'))).toMatchObject({ excType: 'Translated', value: 'global: later' });
    expect(await failure(call('plainFailure'))).toMatchObject({ excType: 'Translated', value: 'global: plain' });
    const scoped = call({ method: 'fail', namespace: 'scoped' });
    expect(await failure(scoped)).toMatchObject({ excType: 'Translated', value: 'global: scoped' });
  });

  it('makes a request-scoped controller anew for each request', async () => {
    const { call } = await start();
    const id = () => call<number>({ method: 'id', namespace: 'scoped' });
    const ids = [await id(), ...(await Promise.all([id(), id()]))];
    expect(new Set(ids).size).toBe(3);
    expect(await call({ method: 'injected', namespace: 'scoped' })).toBe(true);
    expect(await call({ method: 'stream', namespace: 'scoped' })).toBe(2);
    const thrown = await failure(call({ method: 'fail', namespace: 'scoped' }));
    expect(thrown).toMatchObject({ excType: 'Broken', value: 'scoped' });
  });

  it('answers plain message patterns, and takes events', async () => {
    const { call, proxy } = await start();
    expect(await call('sum', { values: [1, 2, 3] })).toBe(6);
    const event = { id: uniqueTopic('event') };
    proxy.emit('happened', event);
    await eventually(() => expect(Plain.events).toContainEqual(event));
  });

  it('emits casts to a method', async () => {
    const { app, proxy } = await start();
    proxy.emit('record', { x: 1 });
    proxy.emit({ method: 'record', fanout: true }, { x: 2 });
    await eventually(() => expect(app.get(Main).recorded).toEqual(expect.arrayContaining([{ x: 1 }, { x: 2 }])));
    expect(app.get(Main).recorded).toHaveLength(2);
  });

  it('gives a handler the context of its request', async () => {
    const { call, options } = await start();
    const record = new OsloRecord({}, { context: RequestContext.fromDict({ user_id: 'u1' }) });
    expect(await call('about', record)).toEqual({
      method: 'about',
      topic: options.topic,
      id: 'string',
      aborted: false,
      user: 'u1',
    });
  });

  it('times out after the time that the pattern or the record gives', async () => {
    const { options } = await start();
    @RpcEndpoint({})
    class Silent {
      @RpcMethod()
      never(): Promise<never> {
        return new Promise(() => undefined);
      }
    }
    const own = { ...optionsOf(uniqueTopic()), drainTimeout: 0.1 };
    const module = await Test.createTestingModule({ controllers: [Silent] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(own), logger: false });
    await app.listen();
    const proxy = new OsloClientProxy(options);
    open.push(app, proxy);
    const pattern = { method: 'never', topic: own.topic };
    const byPattern = lastValueFrom(proxy.send({ ...pattern, timeout: '100ms' }, {}));
    await expect(byPattern).rejects.toMatchObject({ code: 'TIMEOUT' });
    const byRecord = lastValueFrom(proxy.send(pattern, new OsloRecord({}, { timeout: 0.1 })));
    await expect(byRecord).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('answers what has begun before it closes, and starts nothing more', async () => {
    const started = deferred<void>();
    const release = deferred<string>();
    @RpcEndpoint({})
    class Slow {
      @RpcMethod()
      slow(): Promise<string> {
        started.resolve();
        return release.promise;
      }
    }
    const options = optionsOf(uniqueTopic());
    const module = await Test.createTestingModule({ controllers: [Slow] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    const proxy = new OsloClientProxy(options);
    open.push(proxy);
    const running = lastValueFrom(proxy.send('slow', {}));
    await started.promise;
    let closed = false;
    const closing = app.close().then(() => {
      closed = true;
    });
    const late = lastValueFrom(proxy.send({ method: 'slow', timeout: 0.2 }, {}));
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|UNDELIVERABLE/) });
    expect(closed).toBe(false);
    release.resolve('finished');
    expect(await running).toBe('finished');
    await closing;
  });

  it('is a module for a hybrid application', async () => {
    @RpcEndpoint({ version: '1.0' })
    class Caller {
      constructor(@InjectRpcClient('named') private readonly client: BackingOffClient) {}

      @RpcMethod()
      relay(@RpcArgs() args: { value: number }, @RpcContext() context: RequestContext): Promise<unknown> {
        return this.client.call(context, 'answer', args);
      }

      @RpcMethod()
      answer(@RpcArg('value') value: number, @RpcContext() context: RequestContext): unknown {
        return { value: value + 1, user: context.userId };
      }
    }
    const topic = uniqueTopic();
    const target = new Target({ topic, version: '1.0' });
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot(optionsOf(topic)),
        OsloMessagingModule.forFeature([{ target, token: 'named' }, { target }]),
      ],
      controllers: [Caller],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get<BackingOffClient>(getRpcClientToken(topic));
    expect(client).toBeInstanceOf(BackingOffClient);
    const context = RequestContext.fromDict({ user_id: 'u1' });
    expect(await client.call(context, 'relay', { value: 41 })).toEqual({ value: 42, user: 'u1' });
    await app.close();
    await app.close();
  });

  it('takes the options from a factory', async () => {
    const topic = uniqueTopic();
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRootAsync({
          inject: [],
          useFactory: async () => optionsOf(await Promise.resolve(topic)),
        }),
        OsloMessagingModule.forFeature([{ target: new Target({ topic }) }]),
      ],
      controllers: [Plain],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get<BackingOffClient>(getRpcClientToken(topic));
    expect(await client.call(new RequestContext(), 'sum', { values: [4, 5] })).toBe(9);
  });
});
