import 'reflect-metadata';
import { Injectable, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  getNotifierToken,
  InjectNotifier,
  NotificationEndpoint,
  type NotificationEndpointOptions,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  Notifier,
  OnNotification,
  type OnNotificationOptions,
  OsloMessagingModule,
  OsloNotificationContext,
  OsloServer,
  RequestContext,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { queueDepth } from '../../../testkit/amqp.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';
import { bob, closeAll, deferred, listener, open, start } from './notified-app.js';

afterEach(closeAll);

describe('notification endpoints, as part of an application,', () => {
  it('finish notifications in work before it closes, and leave the others in the queue', async () => {
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

  it('abort the signal of a method when the drain timeout has passed', async () => {
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

  it('are served by a hybrid application, and by a separate strategy', async () => {
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

  it('fail its start when they are declared wrongly', async () => {
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

  it('finds the notifier of forFeature in a module that is loaded lazily', async () => {
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

  it('receive notifications of Python, one by one and in batches, and acknowledge them', async () => {
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

  it('handle and acknowledge an incomplete batch when the application closes', async () => {
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

  it('fail the start of the application when the broker is unreachable', async () => {
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
