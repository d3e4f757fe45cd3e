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
  OsloClientProxy,
  type OsloMessagingOptions,
  OsloRpcContext,
  OsloServer,
  RemoteError,
  RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { concatMap, from, lastValueFrom, map, type Observable, of, throwError } from 'rxjs';
import { expect } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';

export class Forbidden extends Error {}
export class Broken extends Error {}
export class Translated extends Error {}

@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToRpc().getContext<OsloRpcContext>().getRequestContext<RequestContext>();
    if (request.userId === 'nobody') throw new Forbidden('not for nobody');
    return request.isAdmin === true;
  }
}

@Injectable()
export class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

/** A filter that says where it was bound. */
export function filter(place: string): RpcExceptionFilter {
  @Catch(Broken)
  class Filter implements RpcExceptionFilter {
    catch(error: Broken, _host: ArgumentsHost): Observable<never> {
      return throwError(() => new Translated(`${place}: ${error.message}`));
    }
  }
  return new Filter();
}

@Catch(Broken)
export class AnsweringFilter implements RpcExceptionFilter {
  catch(): Observable<string> {
    return of('rescued');
  }
}

export class Part {
  @IsInt()
  size!: number;
}

export class CreateDto {
  @IsString()
  name!: string;

  @ValidateNested()
  @Type(() => Part)
  part!: Part;
}

@RpcEndpoint({ version: '1.2' })
export class Main {
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
export class Filtered {
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
  @UseFilters(AnsweringFilter)
  rescued(): never {
    throw new Broken('x');
  }

  @RpcMethod()
  notCaught(): never {
    throw new Forbidden('still');
  }
}

@Injectable({ scope: Scope.REQUEST })
export class PerRequest {
  static made = 0;
  readonly id = ++PerRequest.made;

  constructor(@Inject(REQUEST) readonly request: NestRequest) {}
}

@RpcEndpoint({ namespace: 'scoped' })
export class Scoped {
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
export class Plain {
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

export function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export const open: { close(): unknown }[] = [];

/** Closes all that a test has started. */
export async function closeAll(): Promise<void> {
  for (const one of open.splice(0).reverse()) await one.close();
}

export const optionsOf = (topic: string): OsloMessagingOptions => ({
  transportUrl: 'memory://',
  topic,
  host: 'host1',
  rpcResponseTimeout: 5,
});

export async function start(filters: RpcExceptionFilter[] = []) {
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

export async function failure(call: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await call.then(
    (result) => expect.fail(`resolved with ${String(result)}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(RemoteError);
  return error as RemoteError;
}
