import 'reflect-metadata';
import { inspect } from 'node:util';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
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
import { Ctx, type RequestContext as NestRequest } from '@nestjs/microservices';
import {
  getCurrentRequestContext,
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  Notifier,
  OnNotification,
  type OnNotificationReturn,
  OsloMessagingTransports,
  OsloNotificationBatchContext,
  OsloNotificationContext,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';
import { defer, EMPTY, from, map, type Observable, of, tap } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { alice, Broken, bob, closeAll, listener, start, Vnf } from './notified-app.js';

afterEach(closeAll);

describe('notification endpoints on memory://', () => {
  it('passes the payload, the metadata and the request context to a method', async () => {
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

  it('calls the methods that match the priority and the event type', async () => {
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

  it('gives a class only the notifications that match its filter', async () => {
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

  it('makes the request context the current one, and prints none of its secrets', async () => {
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
      expect.stringContaining('Notification "vnf.scaled": Validating.on failed: BadRequestException'),
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
    class AnsweringFilter implements RpcExceptionFilter {
      catch(error: Broken, host: ArgumentsHost): Observable<unknown> {
        seen.push(
          `rescued ${error.message} of ${host.switchToRpc().getContext<OsloNotificationContext>().getEventType()}`,
        );
        return of(undefined);
      }
    }
    @NotificationEndpoint({ topics: [topic], allowRequeue: true })
    @UseFilters(new AnsweringFilter())
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

  it('makes a new request-scoped listener for each notification', async () => {
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

  it('runs every matching method, even if some throw', async () => {
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
      Array(2).fill(expect.stringContaining('Notification "x": Listener.on failed: Error: no use')),
    );
  });

  it('requeues for a method that returns REQUEUE or throws, if its class allows that', async () => {
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

  it('uses the default topics for a class without topics', async () => {
    const topic = uniqueTopic();
    const { seen, type } = listener({});
    const { notifier } = await start([type], { topics: [topic] });
    await notifier.info(bob, 'x', 1);
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('lets classes inherit methods, each with its own listener', async () => {
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
});
