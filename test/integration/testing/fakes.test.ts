import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  getCurrentRequestContext,
  getNotifierToken,
  getRpcClientToken,
  InjectNotifier,
  InjectRpcClient,
  MessageUndeliverable,
  MessagingTimeout,
  Notifier,
  OsloMessagingModule,
  RemoteError,
  RemoteException,
  RequestContext,
  RPCClient,
  RPCVersionCapError,
} from 'nestjs-oslo-messaging';
import { fakeNotifier, fakeRpcClient } from 'nestjs-oslo-messaging/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

@RemoteException({ module: 'fake.exceptions' })
class NotFound extends Error {
  readonly args: unknown[];

  constructor(readonly id: string) {
    super(`${id} is missing`);
    this.args = [id];
  }
}

@Injectable()
class Billing {
  constructor(
    @InjectRpcClient('stock') readonly stock: BackingOffClient,
    @InjectNotifier('billing') readonly notifier: Notifier,
  ) {}

  async bill(item: string): Promise<number> {
    const price = await this.stock.prepare({ server: 's1' }).call<number>(alice, 'price', { item });
    await this.notifier.info(alice, 'billed', { item, price });
    return price;
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({ transportUrl: 'rabbit://nowhere.invalid/' }),
    OsloMessagingModule.forFeature([{ target: { topic: 'stock' } }]),
  ],
  providers: [Billing],
})
class BillingModule {}

const alice = new RequestContext({ userId: 'alice' });

/** Returns a value without a form on the wire. */
function circle(): unknown[] {
  const self: unknown[] = [];
  self.push(self);
  return self;
}

afterEach(() => void vi.useRealTimers());

describe('A fake client', () => {
  const add = ({ a, b }: { a: number; b: number }) => a + b;

  it('answers calls by functions, which get arguments, context and request', async () => {
    const price = vi.fn(({ item }: { item: string }) => item.length);
    const stock = fakeRpcClient({ price });
    const notifier = fakeNotifier({ publisherId: 'billing' });
    const module = await Test.createTestingModule({ imports: [BillingModule] })
      .overrideProvider(getRpcClientToken('stock'))
      .useValue(stock)
      .overrideProvider(getNotifierToken('billing'))
      .useValue(notifier)
      .compile();
    expect(await module.get(Billing).bill('tea')).toBe(3);
    const [args, context, request] = price.mock.calls[0] as unknown[];
    expect(args).toEqual({ item: 'tea' });
    expect(context).toBeInstanceOf(RequestContext);
    expect(context).toMatchObject({ userId: 'alice' });
    expect(request).toMatchObject({ kind: 'call', method: 'price', target: { topic: 'fake', server: 's1' } });
    expect(stock.calls).toMatchObject([
      { method: 'price', args: { item: 'tea' }, context: { user_id: 'alice' }, status: 'done', result: 3 },
    ]);
    expect(notifier.notifications).toMatchObject([
      {
        eventType: 'billed',
        priority: 'info',
        publisherId: 'billing',
        payload: { item: 'tea', price: 3 },
        status: 'done',
      },
    ]);
    await module.close();
  });

  it('is a client of each kind', () => {
    const client: BackingOffClient & RPCClient = fakeRpcClient({});
    expect(client).toBeInstanceOf(BackingOffClient);
    expect(client).toBeInstanceOf(RPCClient);
  });

  it('has values take their form on the wire', async () => {
    const client = fakeRpcClient({ echo: (args) => args, lose: () => undefined, circle: () => circle() });
    const list = [1];
    const answer = await client.call<{ list: number[] }>({}, 'echo', { list, gone: undefined, date: 2n ** 60n });
    expect(answer).toEqual({ list: [1], date: 2n ** 60n });
    expect(answer.list).not.toBe(list);
    answer.list.push(2);
    expect(client.calls[0]).toMatchObject({ result: { list: [1] } });
    expect(await client.call({}, 'lose')).toBeNull();
    await expect(client.call({}, 'echo', { value: circle() })).rejects.toMatchObject({ code: 'CLIENT_SEND' });
    await expect(client.call({}, 'circle')).rejects.toMatchObject({ excType: 'ClientSendError' });
  });

  it('is given up by a signal, before it is sent and while it waits', async () => {
    const controller = new AbortController();
    const inner = fakeRpcClient({ wait: () => new Promise(() => undefined), echo: (args) => args });
    const reason = new Error('enough');
    const call = inner.prepare({ signal: controller.signal }).call({}, 'wait');
    controller.abort(reason);
    expect(await call.catch((error: unknown) => error)).toBe(reason);
    const refused = inner.prepare({ signal: controller.signal });
    await expect(refused.call({}, 'echo')).rejects.toBe(reason);
    expect(inner.calls.map(({ method }) => method)).toEqual(['wait']);
  });

  it('passes errors as a remote server does', async () => {
    const client = fakeRpcClient({
      find: ({ id }: { id: string }) => {
        throw new NotFound(id);
      },
      fail: async () => {
        throw new RangeError('too far');
      },
    });
    await expect(client.call({}, 'find', { id: 'v1' })).rejects.toMatchObject({ id: 'v1', remote: true });
    await expect(client.call({}, 'find', { id: 'v1' })).rejects.toBeInstanceOf(NotFound);
    const error = await client.call({}, 'fail').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType: 'ValueError', value: 'too far', method: 'fail' });
    expect((error as RemoteError).traceback.length).toBeGreaterThan(1);
    const strict = fakeRpcClient({ find: () => Promise.reject(new NotFound('v1')) }, { allowedRemoteExmods: [] });
    await expect(strict.call({}, 'find')).rejects.toMatchObject({ excType: 'NotFound' });
  });

  it('answers an unknown method as a server does', async () => {
    const client = fakeRpcClient({ add });
    for (const method of ['sub', 'constructor', '__proto__'])
      await expect(client.call({}, method)).rejects.toMatchObject({
        excType: 'NoSuchMethod',
        value: `Endpoint does not support RPC method ${method}`,
      });
    await client.cast({}, 'sub');
    await client.settled();
    expect(client.casts).toMatchObject([{ status: 'failed', error: { excType: 'NoSuchMethod' } }]);
  });

  it('rejects with the errors of the library that a handler throws', async () => {
    const errors = [new MessagingTimeout('late'), new MessageUndeliverable('nobody'), new RemoteError('Gone', 'x')];
    const left = [...errors];
    const client = fakeRpcClient({
      next: () => {
        throw left.shift();
      },
    });
    for (const error of errors) await expect(client.call({}, 'next')).rejects.toBe(error);
  });

  it('times out without a pause, in fake and in real time', async () => {
    const never = () => new Promise(() => undefined);
    vi.useFakeTimers();
    const client = fakeRpcClient({ never });
    const timedOut = expect(client.call({}, 'never')).rejects.toThrow(/"never" on <Target topic=fake>/);
    await vi.advanceTimersByTimeAsync(60_001);
    await timedOut;
    expect(vi.getTimerCount()).toBe(0);
    // Afterwards: what its handler leaves in real time would be counted.
    vi.useRealTimers();
    await expect(fakeRpcClient({ never }, { timeout: '5ms' }).call({}, 'never')).rejects.toBeInstanceOf(
      MessagingTimeout,
    );
  });

  it('keeps to version cap and target', async () => {
    const client = fakeRpcClient({ add }, { target: { topic: 'sums', version: '1.3' }, versionCap: '1.5' });
    expect(client.canSendVersion('1.6')).toBe(false);
    expect(await client.call({}, 'add', { a: 1, b: 2 })).toBe(3);
    await expect(client.prepare({ version: '1.6' }).call({}, 'add')).rejects.toBeInstanceOf(RPCVersionCapError);
    await expect(client.prepare({ fanout: true }).call({}, 'add')).rejects.toMatchObject({ code: 'INVALID_TARGET' });
    expect(client.calls).toMatchObject([{ target: { topic: 'sums', version: '1.3' } }]);
  });

  it('resolves a cast before its handler runs, and waits for it in settled()', async () => {
    const seen: unknown[] = [];
    let finish: () => void = () => undefined;
    const client = fakeRpcClient({
      work: async (_args, _context, { kind }) => {
        seen.push(kind, getCurrentRequestContext()?.userId);
        await new Promise<void>((resolve) => (finish = resolve));
      },
    });
    await client.prepare({ fanout: true }).cast(alice, 'work');
    await expect(client.settled({ timeout: '5ms' })).rejects.toMatchObject({
      inFlight: ['cast "work" to fake, all servers {}: running on fake'],
    });
    finish();
    await client.settled();
    expect(seen).toEqual(['cast', 'alice']);
    expect(client.casts).toMatchObject([{ status: 'done' }]);
    client.reset();
    expect(client.casts).toEqual([]);
  });

  it('refuses options and handlers that make no sense', () => {
    expect(() => fakeRpcClient({ add }, { timout: 1 } as object)).toThrow(/"timout".*did you mean "timeout"/);
    expect(() => fakeRpcClient({ add: 5 } as never)).toThrow(
      /fakeRpcClient: expected functions; got a number for "add"/,
    );
    expect(() => fakeRpcClient({ add }, { timeout: 'soon' })).toThrow(/timeout: expected a number of seconds/);
  });
});

describe('A fake notifier', () => {
  it('records notifications of each priority, topic and prepared notifier', async () => {
    const notifier = fakeNotifier({ publisherId: 'a', topics: ['one', 'two'] });
    await notifier.error(alice, 'failed', { list: [1] });
    await notifier.prepare({ publisherId: 'b' }).sample({}, 'measured', null);
    expect(notifier.notifications.map(({ topic, priority, publisherId }) => [topic, priority, publisherId])).toEqual([
      ['one', 'error', 'a'],
      ['two', 'error', 'a'],
      ['one', 'sample', 'b'],
      ['two', 'sample', 'b'],
    ]);
    expect(notifier.notifications[0]).toMatchObject({ payload: { list: [1] }, context: { user_id: 'alice' } });
    notifier.reset();
    expect(notifier.notifications).toEqual([]);
  });

  it('fails as its function does', async () => {
    const notifier = fakeNotifier({
      onNotify: ({ eventType }) => {
        if (eventType === 'bad') throw new Error('no broker');
      },
    });
    await notifier.info({}, 'good', {});
    await expect(notifier.info({}, 'bad', {})).rejects.toThrow('no broker');
    await expect(notifier.info({}, 'odd', circle())).rejects.toMatchObject({ code: 'CLIENT_SEND' });
    expect(notifier.notifications.map(({ status }) => status)).toEqual(['done', 'failed']);
    expect(notifier.isEnabled()).toBe(true);
  });

  it('refuses options that make no sense', () => {
    expect(() => fakeNotifier({ publisherID: 'x' } as object)).toThrow(/"publisherID".*did you mean "publisherId"/);
  });
});
