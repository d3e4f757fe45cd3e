import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CLS_ID, ClsModule, type ClsModuleOptions, ClsService } from 'nestjs-cls';
import {
  type BackingOffClient,
  getNotifierToken,
  getRpcClientToken,
  InjectRpcClient,
  NotificationEndpoint,
  NotificationPayload,
  type Notifier,
  OnNotification,
  type OsloContext,
  OsloMessagingModule,
  OsloServer,
  RequestContext,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

/** Calls at the same time. */
const CALLS = 40;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Store {
  [key: symbol]: unknown;
  user?: string | undefined;
}

@RpcEndpoint()
class Orders {
  constructor(
    private readonly cls: ClsService<Store>,
    @InjectRpcClient('cls') private readonly rpc: BackingOffClient,
  ) {}

  /** Returns the user and the id of the store, before and after a wait, and those of a nested call. */
  @RpcMethod()
  async outer(@RpcArg('user') user: string): Promise<unknown> {
    const before = this.seen();
    await sleep(Math.random() * 5);
    this.cls.set('user', `${user}!`);
    const nested = await this.rpc.call(undefined, 'inner', {});
    return { before, after: this.seen(), nested };
  }

  @RpcMethod()
  inner(): unknown {
    return this.seen();
  }

  private seen(): [string | undefined, string | undefined] {
    return [this.cls.get('user'), this.cls.getId()];
  }
}

const setup = (cls: ClsService, context: ExecutionContext) => {
  const request = context.switchToRpc().getContext<OsloContext>();
  cls.set('user', request.getRequestContext().userId);
};
const options = { mount: true, generateId: true, idGenerator: () => String(Math.random()), setup };

@NotificationEndpoint()
class Log {
  static heard: unknown[] = [];
  constructor(private readonly cls: ClsService<Store>) {}

  @OnNotification()
  async on(@NotificationPayload('user') user: string): Promise<void> {
    await sleep(Math.random() * 5);
    Log.heard.push([user, this.cls.get('user')]);
  }
}

/** Ways to begin the store of a request. */
const ways: [string, ClsModuleOptions][] = [
  ['the guard', { guard: options }],
  ['the interceptor', { interceptor: options }],
  ['the guard, and the interceptor as well', { guard: options, interceptor: { mount: true } }],
  ['a start hook', {}],
];

const transports: [string, string][] = [
  ['memory://', `memory:///${uniqueTopic()}`],
  ...(rabbitUrl ? ([['RabbitMQ', rabbitUrl]] as [string, string][]) : []),
];

describe.each(transports)('nestjs-cls on %s', (_name, transportUrl) => {
  it.each(ways)('has a store for each request, begun by %s', async (way, cls) => {
    const topic = uniqueTopic('cls');
    Log.heard = [];
    const module = await Test.createTestingModule({
      imports: [
        ClsModule.forRoot({ global: true, ...cls }),
        OsloMessagingModule.forRoot({
          transportUrl,
          topic,
          host: 'one',
          logger: silent,
          rpcResponseTimeout: 20,
          notificationTopics: [topic],
        }),
        OsloMessagingModule.forFeature([{ target: { topic }, token: 'cls' }]),
      ],
      controllers: [Orders, Log],
    }).compile();
    const server = module.get(OsloServer);
    const store = module.get(ClsService<Store>);
    if (way === 'a start hook') {
      server.setOnProcessingStartHook((_transport, context, done) =>
        store.run(() => {
          store.set('user', (context as unknown as OsloContext).getRequestContext().userId);
          store.set(CLS_ID, String(Math.random()));
          return done();
        }),
      );
    }
    const app = module.createNestMicroservice({ strategy: server, logger: false });
    closing.push(() => app.close());
    await app.listen();
    const rpc = module.get<BackingOffClient>(getRpcClientToken('cls'));
    const users = Array.from({ length: CALLS }, (_, n) => `user ${n}`);
    const ids = new Set<unknown>();
    const answers = users.map(async (user) => {
      const answer = await rpc.call<Record<'before' | 'after' | 'nested', [string, string]>>(
        new RequestContext({ userId: user }),
        'outer',
        { user },
      );
      const { before, after, nested } = answer;
      expect({ before: before[0], after: after[0], nested: nested[0] }).toEqual({
        before: user,
        after: `${user}!`,
        nested: user,
      });
      expect(after[1]).toBe(before[1]);
      ids.add(before[1]).add(nested[1]);
    });
    await Promise.all(answers);
    // Each nested request has a store of its own, too.
    expect(ids.size).toBe(2 * CALLS);
    expect(store.isActive()).toBe(false);
    const notifier = module.get<Notifier>(getNotifierToken());
    await Promise.all(users.map((user) => notifier.info(new RequestContext({ userId: user }), 'e', { user })));
    await eventually(() => expect(Log.heard).toHaveLength(CALLS));
    expect(Log.heard).toEqual(expect.arrayContaining(users.map((user) => [user, user])));
  });
});
