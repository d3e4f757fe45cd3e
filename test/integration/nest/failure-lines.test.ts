import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CallHandler,
  Catch,
  type ExecutionContext,
  type NestInterceptor,
  type RpcExceptionFilter,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getCurrentRequestContext,
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogSink,
  NotificationEndpoint,
  Notifier,
  OnNotification,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { Observable, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const TOKEN = 'gAAAAABk-s3cret-t0ken';
const context = RequestContext.fromDict({ user_id: 'u1', auth_token: TOKEN });

/** Store of the values of a request, as a user's logger or nestjs-cls keeps them. */
const store = new AsyncLocalStorage<string>();

/** Remembers each line with what a logger finds in its async context. */
class ContextLogger implements LogSink {
  readonly lines: { message: string; user: string | undefined; store: string | undefined }[] = [];
  readonly error = (message: string) => {
    this.lines.push({ message, user: getCurrentRequestContext()?.userId, store: store.getStore() });
  };
  readonly warn = this.error;
  readonly debug = () => undefined;
  readonly log = () => undefined;

  /** The lines about the failures of handlers. */
  failures(): unknown[] {
    return this.lines
      .filter(({ message }) => message.includes('refused'))
      .map(({ user, store }) => [user, store ?? 'none']);
  }
}

/** Interceptor that runs the handler within the store, as in nestjs-cls. */
class Storing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return new Observable((subscriber) => {
      store.run('by an interceptor', () => {
        next.handle().subscribe(subscriber);
      });
    });
  }
}

@Catch()
class Filter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

async function refuse(): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve));
  throw new Error(`refused ${TOKEN}`);
}

@RpcEndpoint()
class Endpoint {
  @RpcMethod()
  plain(): Promise<never> {
    return refuse();
  }

  @RpcMethod()
  @UseInterceptors(Storing)
  stored(): Promise<never> {
    return refuse();
  }

  @RpcMethod()
  @UseFilters(Filter)
  filtered(): Promise<never> {
    return refuse();
  }
}

const topic = uniqueTopic('events');

@NotificationEndpoint({ topics: [topic] })
class EventLog {
  @OnNotification({ priority: 'info' })
  @UseInterceptors(Storing)
  one(): Promise<never> {
    return refuse();
  }

  @OnNotification({ priority: 'sample', batch: { size: 2 } })
  many(): Promise<never> {
    return refuse();
  }
}

const closing: (() => Promise<unknown>)[] = [];
let logger: ContextLogger;
beforeEach(() => {
  logger = new ContextLogger();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(hook: boolean) {
  const options = { transportUrl: `memory://${uniqueTopic()}`, topic: uniqueTopic(), host: 'h', logger };
  const strategy = new OsloServer(options);
  if (hook) {
    strategy.setOnProcessingStartHook((_transport, _context, done) => store.run('by a hook', done as () => unknown));
  }
  const module = await Test.createTestingModule({ controllers: [Endpoint, EventLog] }).compile();
  const app = module.createNestMicroservice({ strategy, logger: false });
  await app.listen();
  closing.push(() => app.close());
  const transport = getRpcTransport(options);
  closing.push(() => transport.cleanup());
  const serializer = new RequestContextSerializer();
  const client = getRpcClient(transport, new Target({ topic: options.topic }), { serializer });
  const notifier = new Notifier(transport, { topics: [topic], serializer, context: 'whole' });
  return { notifier, call: (method: string) => expect(client.call(context, method)).rejects.toThrow('refused') };
}

describe('the line about a failure is written in the async context of its request:', () => {
  it('of a plain endpoint', async () => {
    const transport = getRpcTransport({ transportUrl: 'memory://', logger });
    closing.push(() => transport.cleanup());
    const serializer = new RequestContextSerializer();
    const target = new Target({ topic: uniqueTopic(), server: 'one' });
    const server = getRpcServer(transport, target, [{ refuse }], { serializer });
    await server.start();
    closing.push(() => server.stop());
    await expect(getRpcClient(transport, target, { serializer }).call(context, 'refuse')).rejects.toThrow('refused');
    expect(logger.failures()).toEqual([['u1', 'none']]);
  });

  it('of a method in Nest, with the values that interceptors have stored', async () => {
    const { call } = await serve(false);
    for (const method of ['plain', 'stored', 'filtered']) await call(method);
    expect(logger.failures()).toEqual([
      ['u1', 'none'],
      ['u1', 'by an interceptor'],
      ['u1', 'none'],
    ]);
  });

  it('of a method in Nest, with the values that a start hook has stored', async () => {
    const { call } = await serve(true);
    for (const method of ['plain', 'stored', 'filtered']) await call(method);
    expect(logger.failures()).toEqual([
      ['u1', 'by a hook'],
      ['u1', 'by an interceptor'],
      ['u1', 'by a hook'],
    ]);
  });

  it('of a notification, while a batch belongs to no request', async () => {
    const { notifier } = await serve(false);
    await notifier.info(context, 'e', {});
    await eventually(() => expect(logger.failures()).toEqual([['u1', 'by an interceptor']]));
    for (const value of [1, 2]) await notifier.sample(context, 'e', value);
    await eventually(() => expect(logger.failures()).toHaveLength(2));
    expect(logger.failures()[1]).toEqual([undefined, 'none']);
  });

  it('of a plain notification endpoint, with tokens masked there and in the reason of its dead letter', async () => {
    const limits = { deliveries: 2 };
    const transport = getNotificationTransport({ transportUrl: `memory://${uniqueTopic()}`, logger, limits });
    closing.push(() => transport.cleanup());
    const serializer = new RequestContextSerializer();
    const notifier = new Notifier(transport, { topics: [topic], serializer, context: 'whole' });
    const endpoints = [{ info: refuse }];
    const options = { serializer, allowRequeue: true };
    const listener = getNotificationListener(transport, [new Target({ topic })], endpoints, options);
    await listener.start();
    closing.push(() => listener.stop());
    await notifier.info(context, 'e', {});
    await eventually(() => expect(logger.lines.some(({ message }) => message.startsWith('Dropped'))).toBe(true));
    expect(logger.failures().slice(0, 2)).toEqual([
      ['u1', 'none'],
      ['u1', 'none'],
    ]);
    for (const { message } of logger.lines) expect(message).not.toContain(TOKEN);
    expect(logger.lines.at(-1)?.message).toContain('info failed: refused ***');
  });
});
