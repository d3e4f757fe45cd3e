import 'reflect-metadata';
import { inspect } from 'node:util';
import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  ParseArrayPipe,
  type RpcExceptionFilter,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Ctx, type RequestContext as NestRequest } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IsInt, IsString } from 'class-validator';
import {
  getCurrentRequestContext,
  getNotifierToken,
  InjectNotifier,
  type NotificationDetails,
  NotificationEndpoint,
  type NotificationEndpointOptions,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  Notifier,
  OnNotification,
  type OnNotificationOptions,
  type OnNotificationReturn,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloMessagingTransports,
  OsloNotificationBatchContext,
  OsloNotificationContext,
  OsloServer,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';
import { defer, EMPTY, from, map, type Observable, of, tap } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { queueDepth } from '../../support/amqp.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';

const alice = RequestContext.fromDict({ user_id: 'alice', is_admin: true });
const bob = RequestContext.fromDict({ user_id: 'bob' });

class Vnf {
  @IsString()
  id!: string;

  @IsInt()
  instances!: number;
}

class Broken extends Error {}

/** A logger that keeps the errors. */
function recordingLogger() {
  const errors: string[] = [];
  const ignore = () => undefined;
  return { errors, debug: ignore, log: ignore, warn: ignore, error: (line: string) => void errors.push(line) };
}

function deferred<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** An application whose controllers listen; its notifier publishes to the same topic. */
async function start(
  controllers: Type[],
  { topics, providers = [], ...own }: OsloMessagingOptions & { topics: string[]; providers?: Type[] },
) {
  const logger = recordingLogger();
  const options = {
    transportUrl: `memory://${topics[0]}`,
    notificationTopics: topics,
    rpcResponseTimeout: 5,
    drainTimeout: 5,
    logger,
    ...own,
  };
  const module = await Test.createTestingModule({
    imports: [OsloMessagingModule.forRoot(options)],
    controllers,
    providers,
  }).compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
  open.push(app);
  await app.listen();
  return { app, logger, notifier: app.get<Notifier>(getNotifierToken()) };
}

/** A listener of one method, with what it is called with. */
function listener<T = unknown>(
  endpoint: NotificationEndpointOptions,
  method: OnNotificationOptions = {},
  result: (payload: T) => OnNotificationReturn = () => undefined,
) {
  const seen: T[] = [];
  @NotificationEndpoint(endpoint)
  class Listener {
    @OnNotification(method)
    on(@NotificationPayload() payload: unknown): OnNotificationReturn {
      seen.push(payload as T);
      return result(payload as T);
    }
  }
  return { seen, type: Listener as Type };
}

describe('notification endpoints on memory://', () => {
  it('hands a method the payload, the metadata and the request context', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @NotificationEndpoint({ topics: [topic] })
    class Everything {
      @OnNotification()
      on(
        @NotificationPayload() payload: unknown,
        @NotificationPayload('id') id: unknown,
        @NotificationMetadata() details: NotificationDetails,
        @NotificationMetadata('eventType') eventType: string,
        @RpcContext() context: RequestContext,
        @Ctx() ctx: OsloNotificationContext,
      ): void {
        expect(ctx.getRequestContext()).toBe(context);
        expect(ctx.getSignal().aborted).toBe(false);
        expect(ctx.getMetadata()).toEqual(details);
        const { messageId, timestamp, ...known } = details;
        expect([ctx.getMessageId(), ctx.getTimestamp()]).toEqual([messageId, timestamp]);
        expect([ctx.getPriority(), ctx.getEventType(), ctx.getPublisherId()]).toEqual([
          known.priority,
          eventType,
          known.publisherId,
        ]);
        seen.push({ payload, id, known, user: context.userId, messageId, timestamp });
      }
    }
    const { notifier, logger } = await start([Everything], { topics: [topic], host: 'h1', topic: 'nfv' });
    await notifier.warn(alice, 'vnf.healed', { id: 'v1' });
    await eventually(() => expect(seen).toHaveLength(1));
    expect(logger.errors).toEqual([]);
    expect(seen[0]).toEqual({
      payload: { id: 'v1' },
      id: 'v1',
      known: { priority: 'warn', eventType: 'vnf.healed', publisherId: 'nfv.h1' },
      user: 'alice',
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
    });
  });

  it('calls the methods that take the priority and the event type', async () => {
    const topic = uniqueTopic();
    const endpoint = { topics: [topic] };
    const all = listener<string>(endpoint);
    const errors = listener<string>(endpoint, { priority: 'error' });
    const urgent = listener<string>(endpoint, { priority: ['critical', 'error'] });
    const exact = listener<string>(endpoint, { eventType: 'vnf.create' });
    const glob = listener<string>(endpoint, { eventType: 'vnf.*' });
    const regex = listener<string>(endpoint, { eventType: /vnf\.(create|scale)$/ });
    const either = listener<string>(endpoint, { eventType: ['ns.create', /vnf\.sc/], priority: 'info' });
    const listeners = { all, errors, urgent, exact, glob, regex, either };
    const { notifier } = await start(
      Object.values(listeners).map(({ type }) => type),
      endpoint,
    );
    const sent: [keyof Notifier & string, string][] = [
      ['info', 'vnf.create'],
      ['error', 'vnf.create.end'],
      ['critical', 'vnf.scale'],
      ['info', 'vnf.scale'],
      ['sample', 'ns.create'],
      ['info', 'ns.create'],
      ['info', 'my.vnf.create'],
    ];
    for (const [priority, eventType] of sent)
      await notifier[priority as 'info'](bob, eventType, `${priority} ${eventType}`);
    const expected = {
      all: sent.map(([priority, type]) => `${priority} ${type}`).toSorted(),
      errors: ['error vnf.create.end'],
      urgent: ['critical vnf.scale', 'error vnf.create.end'],
      exact: ['info vnf.create'],
      glob: ['critical vnf.scale', 'error vnf.create.end', 'info vnf.create', 'info vnf.scale'],
      regex: ['critical vnf.scale', 'info vnf.create', 'info vnf.scale'],
      either: ['info ns.create', 'info vnf.scale'],
    };
    await eventually(() => {
      const seen = Object.entries(listeners).map(([name, listener]) => [name, listener.seen.toSorted()]);
      expect(Object.fromEntries(seen)).toEqual(expected);
    });
  });

  it('gives a class only what its filter lets through', async () => {
    const topic = uniqueTopic();
    const filter = { context: { user_id: 'alice' }, payload: { state: 'ACTIVE|ERROR' } };
    const filtered = listener({ topics: [topic], filter }, { eventType: 'vnf.*' });
    const { notifier } = await start([filtered.type, listener({ topics: [topic] }).type], { topics: [topic] });
    await notifier.info(bob, 'vnf.x', { state: 'ACTIVE' });
    await notifier.info(alice, 'vnf.x', { state: 'BUSY' });
    await notifier.info(alice, 'ns.x', { state: 'ACTIVE' });
    await notifier.info(alice, 'vnf.x', { state: 'ERROR' });
    await eventually(() => expect(filtered.seen).toEqual([{ state: 'ERROR' }]));
  });

  it('makes the request context the current one, and shows no secret of it', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @NotificationEndpoint({ topics: [topic] })
    class Current {
      @OnNotification()
      one(@Ctx() ctx: OsloNotificationContext): void {
        seen.push([getCurrentRequestContext()?.userId, inspect(ctx), JSON.stringify(ctx)]);
      }

      @OnNotification({ batch: { size: 1 } })
      many(@Ctx() ctx: OsloNotificationBatchContext): void {
        seen.push([getCurrentRequestContext()?.userId, inspect(ctx), JSON.stringify(ctx)]);
      }
    }
    const { app } = await start([Current], { topics: [topic] });
    const transport = app.get(OsloMessagingTransports).notifications;
    const notifier = new Notifier(transport, { topics: [topic], context: 'whole' });
    await notifier.info({ user_id: 'alice', auth_token: 'hush' }, 'vnf.create', { admin_pass: 'hush' });
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([
      ['alice', expect.stringMatching(/^OsloNotificationContext .*vnf.create/s), expect.stringContaining('"alice"')],
      [undefined, expect.stringMatching(/^OsloNotificationBatchContext .*vnf.create/s), expect.stringContaining('[{')],
    ]);
    expect(JSON.stringify(seen)).not.toContain('hush');
  });

  it('asks guards, which see the request context', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @Injectable()
    class AdminGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const ctx = context.switchToRpc().getContext<OsloNotificationContext>();
        return ctx.getRequestContext<RequestContext>().isAdmin === true && ctx.getEventType() === 'allowed';
      }
    }
    @NotificationEndpoint({ topics: [topic] })
    @UseGuards(AdminGuard)
    class Guarded {
      @OnNotification()
      on(@NotificationPayload() payload: unknown): void {
        seen.push(payload);
      }
    }
    const { notifier, logger } = await start([Guarded], { topics: [topic] });
    await notifier.info(bob, 'allowed', 1);
    await notifier.info(alice, 'other', 2);
    await notifier.info(alice, 'allowed', 3);
    await eventually(() => expect(seen).toEqual([3]));
    expect(logger.errors.filter((line) => line.includes('Forbidden resource'))).toHaveLength(2);
  });

  it('validates and transforms a DTO payload', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @NotificationEndpoint({ topics: [topic] })
    class Validating {
      @OnNotification()
      @UsePipes(new ValidationPipe({ transform: true }))
      on(@NotificationPayload() vnf: Vnf, @NotificationMetadata() _details: NotificationDetails): void {
        seen.push(vnf);
      }
    }
    const { notifier, logger } = await start([Validating], { topics: [topic] });
    await notifier.info(bob, 'vnf.scaled', { id: 'v1', instances: 'many' });
    await notifier.info(bob, 'vnf.scaled', { id: 'v1', instances: 2 });
    await eventually(() => expect(seen).toEqual([{ id: 'v1', instances: 2 }]));
    expect(seen[0]).toBeInstanceOf(Vnf);
    expect(logger.errors).toEqual([
      expect.stringContaining('Notification vnf.scaled: Validating.on failed: BadRequestException'),
    ]);
  });

  it('runs interceptors around the method, and filters over it', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @Injectable()
    class Observing implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        seen.push('before');
        return next.handle().pipe(
          tap(() => seen.push('after')),
          map(() => NotificationResult.HANDLED),
        );
      }
    }
    @Catch(Broken)
    class Rescue implements RpcExceptionFilter {
      catch(error: Broken, host: ArgumentsHost): Observable<unknown> {
        seen.push(
          `rescued ${error.message} of ${host.switchToRpc().getContext<OsloNotificationContext>().getEventType()}`,
        );
        return of(undefined);
      }
    }
    @NotificationEndpoint({ topics: [topic], allowRequeue: true })
    @UseFilters(new Rescue())
    class Enhanced {
      @OnNotification({ eventType: 'fine' })
      @UseInterceptors(Observing)
      fine(): NotificationResult {
        seen.push('method');
        return NotificationResult.REQUEUE;
      }

      @OnNotification({ eventType: 'broken' })
      broken(): never {
        throw new Broken('x');
      }
    }
    const { notifier, logger } = await start([Enhanced], { topics: [topic] });
    await notifier.info(bob, 'fine', {});
    await eventually(() => expect(seen).toEqual(['before', 'method', 'after']));
    await notifier.info(bob, 'broken', {});
    await eventually(() => expect(seen.slice(3)).toEqual(['rescued x of broken']));
    expect(logger.errors).toEqual([]);
  });

  it('makes a request-scoped listener anew for each notification', async () => {
    const topic = uniqueTopic();
    const ids: number[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerNotification {
      static made = 0;
      readonly id = ++PerNotification.made;

      constructor(@Inject(REQUEST) readonly request: NestRequest) {}
    }
    @NotificationEndpoint({ topics: [topic] })
    class Scoped {
      constructor(private readonly state: PerNotification) {}

      @OnNotification()
      on(@Ctx() ctx: OsloNotificationContext): Observable<void> {
        return defer(() => {
          expect(this.state.request.getContext()).toBe(ctx);
          ids.push(this.state.id);
          return EMPTY;
        });
      }
    }
    const { notifier } = await start([Scoped], { topics: [topic], providers: [PerNotification] });
    for (let count = 0; count < 3; count++) await notifier.info(bob, 'x', {});
    await eventually(() => expect(new Set(ids).size).toBe(3));
  });

  it('runs every method that matches, whichever of them throw', async () => {
    const topic = uniqueTopic();
    const [before, after] = [listener({ topics: [topic] }), listener({ topics: [topic] })];
    const failing = listener({ topics: [topic] }, {}, () => {
      throw new Broken('no use');
    });
    const { notifier, logger } = await start([before.type, failing.type, after.type], { topics: [topic] });
    await notifier.info(bob, 'x', 1);
    await eventually(() => expect([before.seen, failing.seen, after.seen]).toEqual([[1], [1], [1]]));
    // Without allowRequeue that is the end of it.
    await notifier.info(bob, 'x', 2);
    await eventually(() => expect(after.seen).toEqual([1, 2]));
    expect(failing.seen).toEqual([1, 2]);
    expect(logger.errors).toEqual(
      Array(2).fill(expect.stringContaining('Notification x: Listener.on failed: Error: no use')),
    );
  });

  it('requeues for the method that asks for it or throws, where its class allows that', async () => {
    const topic = uniqueTopic();
    const once = (refuse: () => OnNotificationReturn) => {
      let calls = 0;
      return () => (++calls === 1 ? refuse() : undefined);
    };
    const allowing = { topics: [topic], allowRequeue: true };
    const asking = listener(
      allowing,
      {},
      once(() => NotificationResult.REQUEUE),
    );
    const later = listener(
      allowing,
      {},
      once(() => from([NotificationResult.HANDLED, NotificationResult.REQUEUE])),
    );
    const throwing = listener(
      allowing,
      {},
      once(() => Promise.reject(new Broken('again'))),
    );
    const content = listener(allowing);
    const other = listener({ topics: [topic] }, {}, () => NotificationResult.REQUEUE);
    const all = [asking, later, throwing, content, other];
    const { notifier } = await start(
      all.map(({ type }) => type),
      { topics: [topic] },
    );
    await notifier.info(bob, 'x', 1);
    await eventually(() => expect(all.map(({ seen }) => seen.length)).toEqual([2, 2, 2, 1, 1]));
  });

  it('reads several topics, and a pool gets a copy of everything', async () => {
    const topics = [uniqueTopic(), uniqueTopic()];
    const pool = uniqueTopic('pool');
    const both = listener<string>({ topics });
    const first = listener<string>({ topics: topics.slice(0, 1) });
    const pooled = listener<string>({ topics, pool });
    const besides = listener<string>({ topics: topics.toReversed(), pool });
    const all = [both, first, pooled, besides];
    const { notifier, app } = await start(
      all.map(({ type }) => type),
      { topics: topics.slice(0, 1) },
    );
    const second = new Notifier(app.get(OsloMessagingTransports).notifications, { topics: topics.slice(1) });
    await notifier.info(bob, 'x', 'one');
    await second.info(bob, 'x', 'two');
    await eventually(() => {
      expect(both.seen.toSorted()).toEqual(['one', 'two']);
      expect(first.seen).toEqual(['one']);
      expect(pooled.seen.toSorted()).toEqual(['one', 'two']);
      expect(besides.seen.toSorted()).toEqual(['one', 'two']);
    });
  });

  it('takes the default topics where a class names none', async () => {
    const topic = uniqueTopic();
    const { seen, type } = listener({});
    const { notifier } = await start([type], { topics: [topic] });
    await notifier.info(bob, 'x', 1);
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('lets classes inherit methods, each listening for itself', async () => {
    const topics = [uniqueTopic(), uniqueTopic()];
    const seen: string[] = [];
    class Base {
      @OnNotification()
      on(@NotificationPayload() payload: string): void {
        seen.push(`${this.constructor.name} ${payload}`);
      }
    }
    @NotificationEndpoint({ topics: topics.slice(0, 1) })
    class One extends Base {}
    @NotificationEndpoint({ topics: topics.slice(1) })
    class Two extends Base {}
    const { notifier } = await start([One, Two], { topics });
    await notifier.info(bob, 'x', 'p');
    await eventually(() => expect(seen.toSorted()).toEqual(['One p', 'Two p']));
  });

  describe('batches', () => {
    it('are handed over when complete, or after the timeout', async () => {
      const topic = uniqueTopic();
      const seen: unknown[] = [];
      @NotificationEndpoint({ topics: [topic] })
      class Batches {
        @OnNotification({ batch: { size: 3, timeout: '150ms' } })
        on(
          @NotificationPayload() payloads: number[],
          @NotificationMetadata('priority') priorities: string[],
          @RpcContext() contexts: RequestContext[],
          @Ctx() ctx: OsloNotificationBatchContext,
        ): void {
          expect(ctx.getNotifications().map((one) => one.getPriority())).toEqual(priorities);
          expect(ctx.getNotifications()[0]).toBeInstanceOf(OsloNotificationContext);
          seen.push([payloads, priorities, contexts.map(({ userId }) => userId)]);
        }
      }
      const { notifier, logger } = await start([Batches], { topics: [topic], concurrency: 1 });
      // At once: an incomplete batch waits for a moment only.
      await Promise.all([1, 2, 3, 4, 5].map((count) => notifier.info(count % 2 ? alice : bob, 'x', count)));
      await eventually(() => expect(seen).toHaveLength(2));
      const info = (count: number) => Array(count).fill('info');
      expect(seen).toEqual([
        [[1, 2, 3], info(3), ['alice', 'bob', 'alice']],
        [[4, 5], info(2), ['bob', 'alice']],
      ]);
      expect(logger.errors).toEqual([]);
    });

    it('go along with methods that take one, and other batches of the same topic', async () => {
      const topic = uniqueTopic();
      const single = listener({ topics: [topic] });
      const pairs = listener({ topics: [topic] }, { batch: { size: 2 } });
      const threes = listener({ topics: [topic] }, { batch: { size: 3 } });
      const controllers = [pairs.type, threes.type, single.type];
      const { app, notifier } = await start(controllers, { topics: [topic], concurrency: 2 });
      for (let count = 1; count <= 7; count++) await notifier.info(bob, 'x', count);
      await eventually(() => expect(single.seen).toEqual([1, 2, 3, 4, 5, 6, 7]));
      await eventually(() => expect(threes.seen).toHaveLength(2));
      // What is incomplete is handed over at the end, rather than put back for nobody.
      await app.close();
      expect(pairs.seen.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(threes.seen.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(pairs.seen.every((batch) => (batch as unknown[]).length <= 2)).toBe(true);
    });

    it.each(
      [
        ['memory', undefined],
        ['rabbit', rabbitUrl],
      ].filter(([, url]) => url !== ''),
    )('are not torn when the application closes, on %s', async (_name, url) => {
      const topic = uniqueTopic();
      // Each waits in a method before it gets to its batch.
      const slow = listener({ topics: [topic] }, {}, () => new Promise((resolve) => setTimeout(resolve, 5)));
      const batches = listener<unknown[]>({ topics: [topic] }, { batch: { size: 50 } });
      const own = url === undefined ? {} : { transportUrl: url };
      const { app, notifier } = await start([slow.type, batches.type], { topics: [topic], ...own });
      const notify = () => Promise.all(Array.from({ length: 87 }, (_, id) => notifier.info(bob, 'x', id)));
      await notify();
      await eventually(() => expect(slow.seen).toHaveLength(87));
      const more = notify().catch(() => undefined);
      await app.close();
      await more;
      const sizes = batches.seen.map(({ length }) => length);
      expect(batches.seen.flat()).toHaveLength(slow.seen.length);
      expect(sizes.filter((size) => size < 50).length).toBeLessThanOrEqual(3);
      expect(sizes.filter((size) => size === 1).length).toBeLessThanOrEqual(1);
    });

    it('are requeued whole, and their failure is logged once', async () => {
      const topic = uniqueTopic();
      let calls = 0;
      const batches = listener<number[]>(
        { topics: [topic], allowRequeue: true },
        { batch: { size: 3, timeout: '20s' } },
        () => {
          if (++calls === 1) throw new Broken('not yet');
          return calls === 2 ? NotificationResult.REQUEUE : undefined;
        },
      );
      const { notifier, logger } = await start([batches.type], { topics: [topic] });
      for (let count = 1; count <= 3; count++) await notifier.info(bob, 'x', count);
      await eventually(() => expect(batches.seen).toHaveLength(3));
      for (const batch of batches.seen) expect(batch.toSorted()).toEqual([1, 2, 3]);
      expect(logger.errors).toEqual([expect.stringContaining('Notification x: Listener.on failed: Error: not yet')]);
    });

    it('validate every payload with a ParseArrayPipe', async () => {
      const topic = uniqueTopic();
      const seen: Vnf[][] = [];
      @NotificationEndpoint({ topics: [topic] })
      class Validating {
        @OnNotification({ batch: { size: 2 } })
        on(@NotificationPayload(new ParseArrayPipe({ items: Vnf })) vnfs: Vnf[]): void {
          seen.push(vnfs);
        }
      }
      const { notifier, logger } = await start([Validating], { topics: [topic] });
      for (const instances of [1, 2, 3, 'many']) await notifier.info(bob, 'x', { id: 'v', instances });
      await eventually(() => expect(logger.errors).toEqual([expect.stringContaining(BadRequestException.name)]));
      expect(seen).toHaveLength(1);
      expect(seen[0]?.every((vnf) => vnf instanceof Vnf)).toBe(true);
    });
  });

  describe('as part of an application', () => {
    it('finish what has begun before it closes, and leave the rest in the queue', async () => {
      const topic = uniqueTopic();
      const [begun, release] = [deferred(), deferred()];
      const slow = listener<number>({ topics: [topic], pool: topic }, {}, async () => {
        begun.resolve();
        await release.promise;
      });
      const options = { topics: [topic], concurrency: 1 };
      // Keeps the broker in memory while the first application goes and the second one comes.
      const { notifier } = await start([], options);
      const first = await start([slow.type], options);
      for (const count of [1, 2]) await notifier.info(bob, 'x', count);
      await begun.promise;
      let closed = false;
      const closing = first.app.close().then(() => {
        closed = true;
      });
      await notifier.info(bob, 'x', 3);
      expect(closed).toBe(false);
      release.resolve();
      await closing;
      expect(slow.seen).toEqual([1]);
      const next = listener<number>({ topics: [topic], pool: topic });
      await start([next.type], options);
      await eventually(() => expect(next.seen).toEqual([2, 3]));
    });

    it('tell a method by its signal that nobody waits any longer', async () => {
      const topic = uniqueTopic();
      const aborted = deferred<boolean>();
      @NotificationEndpoint({ topics: [topic] })
      class Endless {
        @OnNotification()
        on(@Ctx() ctx: OsloNotificationContext): Promise<void> {
          begun.resolve();
          return new Promise((resolve) => {
            ctx.getSignal().addEventListener('abort', () => {
              aborted.resolve(true);
              resolve();
            });
          });
        }
      }
      const begun = deferred();
      const { app, notifier } = await start([Endless], { topics: [topic], drainTimeout: '100ms' });
      await notifier.info(bob, 'x', 1);
      await begun.promise;
      await app.close();
      expect(await aborted.promise).toBe(true);
    });

    it('are served by a hybrid application, and by a strategy of its own', async () => {
      const topic = uniqueTopic();
      const { seen, type } = listener({ topics: [topic] });
      const options = { transportUrl: 'memory://rpc', notificationTransportUrl: `memory://${topic}` };
      const root = OsloMessagingModule.forRoot({ ...options, notificationTopics: [topic] });
      const module = await Test.createTestingModule({ imports: [root], controllers: [type] }).compile();
      const app = module.createNestApplication({ logger: false });
      open.push(app);
      app.connectMicroservice({ strategy: app.get(OsloServer) });
      await app.startAllMicroservices();
      await app.init();
      await app.get<Notifier>(getNotifierToken()).info(bob, 'x', 'hybrid');
      await eventually(() => expect(seen).toEqual(['hybrid']));
      await app.close();

      const alone = (await Test.createTestingModule({ controllers: [type] }).compile()).createNestMicroservice({
        strategy: new OsloServer(options),
        logger: false,
      });
      open.push(alone);
      await alone.listen();
      // The notifier of another application meets it on the transport for notifications.
      const { notifier } = await start([], { topics: [topic] });
      await notifier.info(bob, 'x', 'alone');
      await eventually(() => expect(seen).toEqual(['hybrid', 'alone']));
    });

    it('keep it from starting when they are declared wrongly', async () => {
      const topic = uniqueTopic();
      const failure = async (...types: Type[]): Promise<string> => {
        const error: unknown = await start(types, { topics: [topic] }).catch((error: unknown) => error);
        expect(error).toMatchObject({ code: 'CONFIGURATION' });
        return (error as Error).message;
      };
      const one = (endpoint: NotificationEndpointOptions, method?: OnNotificationOptions) =>
        listener({ topics: [topic], ...endpoint }, method).type;
      const untyped = (value: unknown) => value as never;
      expect(await failure(one({}, { priority: untyped('loud') }))).toMatch(
        /^Listener.on: priority: expected .*audit, debug.*; got "loud"$/,
      );
      expect(await failure(one({}, { priority: [] }))).toMatch(/priority/);
      expect(await failure(one({ topics: [] }))).toMatch(/^Listener.on: topics: expected .*; got \[\]$/);
      expect(await failure(one({ pool: '' }))).toMatch(/pool: expected a non-empty string/);
      expect(await failure(one({}, { batch: { size: 0 } }))).toMatch(/batch.size: expected an integer .*; got 0$/);
      expect(await failure(one({}, { batch: { size: 2, timeout: 'soon' } }))).toMatch(/batch.timeout/);
      expect(await failure(one({}, { eventType: untyped(7) }))).toMatch(/eventType/);
      expect(await failure(one({ filter: { payload: { x: '(' } } }))).toMatch(/NotificationFilter.payload.x/);
      const exchanges = await failure(one({ exchange: 'nova' }), one({ exchange: 'neutron' }));
      expect(exchanges).toMatch(/the topic "topic-\w+" stands for "nova: .*" already, not for "neutron: .*pool$/);
      expect(await failure(one({ pool: 'p' }), one({ pool: 'p', topics: ['other'] }))).toMatch(/the pool "p"/);
    });
  });
});

describe('@InjectNotifier', () => {
  it('finds the notifier of a class that was decorated after forRoot', async () => {
    const topic = uniqueTopic();
    const root = OsloMessagingModule.forRoot({ transportUrl: `memory://${topic}`, notificationTopics: [topic] });
    const publisherId = uniqueTopic('late');
    const seen: unknown[] = [];
    @NotificationEndpoint({})
    class Late {
      constructor(@InjectNotifier(publisherId) readonly notifier: Notifier) {}

      @OnNotification()
      on(@NotificationMetadata('publisherId') publisher: string): void {
        seen.push(publisher);
      }
    }
    const module = await Test.createTestingModule({ imports: [root], controllers: [Late] }).compile();
    const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
    open.push(app);
    await app.listen();
    await app.get(Late).notifier.info(bob, 'x', {});
    await eventually(() => expect(seen).toEqual([publisherId]));
  });

  it('finds the one that forFeature provides, in a module that is loaded lazily', async () => {
    const topic = uniqueTopic();
    const root = OsloMessagingModule.forRoot({ transportUrl: `memory://${topic}` });
    const module = await Test.createTestingModule({ imports: [root] }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    await app.init();
    const publisherId = uniqueTopic('lazy');
    @Injectable()
    class Lazy {
      constructor(@InjectNotifier(publisherId) readonly notifier: Notifier) {}
    }
    class LazyModule {}
    const lazy = await app.get(LazyModuleLoader).load(() => ({
      module: LazyModule,
      imports: [OsloMessagingModule.forFeature([{ publisherId }])],
      providers: [Lazy],
    }));
    expect(lazy.get(Lazy).notifier).toBeInstanceOf(Notifier);
  });
});

describeWithPython('notification endpoints on RabbitMQ', () => {
  let peer: PythonPeer;

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl);
  });

  afterAll(() => peer.stop());

  it('take what Python notifies, one by one and in batches, and acknowledge it', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    let refused = false;
    @NotificationEndpoint({ topics: [topic], allowRequeue: true })
    class FromPython {
      @OnNotification({ eventType: 'vnf.*', priority: ['info', 'error'] })
      on(@NotificationPayload() payload: unknown, @Ctx() ctx: OsloNotificationContext): NotificationResult | undefined {
        const context = ctx.getRequestContext<RequestContext>();
        seen.push([ctx.getPriority(), ctx.getPublisherId(), ctx.getEventType(), payload, context.userId]);
        if (ctx.getPriority() !== 'error' || refused) return;
        refused = true;
        return NotificationResult.REQUEUE;
      }

      @OnNotification({ priority: 'sample', batch: { size: 2 } })
      meters(@NotificationPayload() payloads: unknown[]): void {
        seen.push(payloads);
      }
    }
    const { app } = await start([FromPython], { topics: [topic], transportUrl: rabbitUrl });
    const common = { topic, publisherId: 'nfv.host1', context: { user_id: 'python' } };
    await peer.notify({ ...common, eventType: 'vnf.create', payload: { id: 2n ** 60n } });
    await peer.notify({ ...common, eventType: 'ns.create', payload: {} });
    await peer.notify({ ...common, eventType: 'vnf.create', payload: 'ä', priority: 'error', driver: 'messaging' });
    for (const payload of [1, 2]) await peer.notify({ ...common, eventType: 'cpu', payload, priority: 'sample' });
    const error = ['error', 'nfv.host1', 'vnf.create', 'ä', 'python'];
    await eventually(() => {
      expect(seen).toHaveLength(4);
      expect(seen).toContainEqual(['info', 'nfv.host1', 'vnf.create', { id: 2n ** 60n }, 'python']);
      expect(seen.filter((one) => (one as unknown[])[0] === 'error')).toEqual([error, error]);
      expect(seen).toContainEqual([1, 2]);
    });
    await app.close();
    for (const priority of ['info', 'error', 'sample'])
      expect(await queueDepth(rabbitUrl, `${topic}.${priority}`)).toEqual({ messages: 0, consumers: 0 });
  });

  it('hand over an incomplete batch when the application closes, acknowledged', async () => {
    const topic = uniqueTopic();
    const batches = listener({ topics: [topic] }, { priority: 'info', batch: { size: 10 } });
    const { app, notifier } = await start([batches.type], { topics: [topic], transportUrl: rabbitUrl });
    const single = listener({ topics: [topic], pool: topic });
    await start([single.type], { topics: [topic], transportUrl: rabbitUrl });
    for (const count of [1, 2, 3]) await notifier.info(bob, 'x', count);
    await eventually(() => expect(single.seen).toHaveLength(3));
    await eventually(async () => expect(await queueDepth(rabbitUrl, `${topic}.info`)).toMatchObject({ messages: 0 }));
    await app.close();
    expect(batches.seen).toEqual([[1, 2, 3]]);
    expect(await queueDepth(rabbitUrl, `${topic}.info`)).toEqual({ messages: 0, consumers: 0 });
  });

  it('tell the starting application that a queue cannot be consumed from', async () => {
    const topic = uniqueTopic();
    const { type } = listener({ topics: [topic] }, { priority: 'info' });
    const unreachable = rabbitUrl.replace(/:\d+\//, ':1/');
    const failing = start([type], {
      topics: [topic],
      transportUrl: `memory://${topic}`,
      notificationTransportUrl: unreachable,
      rpcResponseTimeout: 0.5,
    });
    await expect(failing).rejects.toThrow(new RegExp(`^Cannot listen for notifications on ${topic}.info`));
  });
});
