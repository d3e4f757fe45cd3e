import {
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  MessagingTimeout,
  NotificationResult,
  RequestContext,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silent } from '../../support/silent.js';

type Delivery = 'at-most-once' | 'at-least-once';

/** Endpoint that remembers its runs. */
class Counter {
  readonly runs: unknown[] = [];

  add(_ctxt: unknown, { a, b }: { a: number; b: number }): number {
    this.runs.push({ a, b });
    return a + b;
  }
}

describe('A fault of a test broker', () => {
  let broker: TestBroker;
  const open: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    broker = new TestBroker({ logger: silent, drainTimeout: 0 });
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const close of open.splice(0).reverse()) await close();
    await broker.close();
  });

  function connect(): Transport {
    const transport = getRpcTransport(broker.options);
    open.push(() => transport.cleanup());
    return transport;
  }

  /** Starts a server. Returns its endpoint and its counters. */
  async function serve(delivery: Delivery = 'at-most-once', name = 's') {
    const transport = getRpcTransport({ ...broker.options, delivery });
    const counter = new Counter();
    const server = getRpcServer(transport, new Target({ topic: 'sums', server: name }), [counter]);
    await server.start();
    open.push(async () => {
      await server.stop({ graceful: false });
      await transport.cleanup();
    });
    return { counter, transport };
  }

  const client = () => getRpcClient(connect(), new Target({ topic: 'sums' }), { timeout: '10s' });
  const add = (a = 2) => client().call<number>({}, 'add', { a, b: 3 });

  describe.each(['at-most-once', 'at-least-once'] as const)('%s', (delivery) => {
    it('delays a call, a cast and a fanout, and keeps the sender waiting for nothing but the reply', async () => {
      const { counter } = await serve(delivery);
      broker.on('add').delay('2s');
      const sum = add(1);
      await client().cast({}, 'add', { a: 2, b: 0 });
      await client().prepare({ fanout: true }).cast({}, 'add', { a: 3, b: 0 });
      await vi.advanceTimersByTimeAsync(1999);
      expect(counter.runs).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await sum).toBe(4);
      await broker.settled();
      expect(counter.runs).toHaveLength(3);
      expect(broker.calls).toMatchObject([{ faults: ['delay'], status: 'done', result: 4 }]);
    });

    it('that delays a call beyond its deadline lets it time out, and its handler never runs', async () => {
      const { counter } = await serve(delivery);
      broker.on('add').delay('20s');
      const timedOut = expect(add()).rejects.toBeInstanceOf(MessagingTimeout);
      await vi.advanceTimersByTimeAsync(20_001);
      await timedOut;
      await broker.settled();
      expect(counter.runs).toEqual([]);
    });

    it('drops the next messages only', async () => {
      const { counter } = await serve(delivery);
      const fault = broker.on({ method: 'add' }, { times: 2 }).drop();
      const timedOut = expect(add()).rejects.toBeInstanceOf(MessagingTimeout);
      await client().cast({}, 'add', { a: 1, b: 1 });
      await vi.advanceTimersByTimeAsync(10_020);
      await timedOut;
      expect(await add()).toBe(5);
      expect(fault.applied).toBe(2);
      expect(counter.runs).toEqual([{ a: 2, b: 3 }]);
      expect(broker.casts).toMatchObject([{ status: 'dropped', faults: ['drop'], runs: [] }]);
      expect(broker.calls.map(({ status }) => status)).toEqual(['failed', 'done']);
    });

    it('fails a call and a cast with its error, and nothing runs', async () => {
      const { counter } = await serve(delivery);
      const refusal = new MessageDeliveryFailure('the queue is full');
      broker.once({ method: 'add', kind: 'call' }).fail(refusal);
      broker.once({ method: 'add', kind: 'cast' }).fail();
      await expect(add()).rejects.toBe(refusal);
      await expect(client().cast({}, 'add', { a: 1, b: 1 })).rejects.toBeInstanceOf(MessageDeliveryFailure);
      expect(counter.runs).toEqual([]);
      expect(broker.casts).toMatchObject([{ status: 'failed', error: { code: 'DELIVERY_FAILURE' } }]);
    });

    it('duplicates a message: one server runs it once', async () => {
      const { counter, transport } = await serve(delivery);
      broker.once('add').duplicate();
      expect(await add()).toBe(5);
      await broker.settled();
      expect(counter.runs).toHaveLength(1);
      expect(transport.counts.duplicates).toBe(1);
    });

    it('duplicates a message: two servers run it twice, and the second reply is dropped', async () => {
      const servers = [await serve(delivery, 's1'), await serve(delivery, 's2')];
      broker.once('add').duplicate();
      expect(await add()).toBe(5);
      await broker.settled();
      expect(servers.map(({ counter }) => counter.runs.length)).toEqual([1, 1]);
      expect(broker.calls[0]?.runs.map(({ server }) => server).sort()).toEqual(['s1', 's2']);
    });

    it('duplicates a message unrecognized: one server runs it twice', async () => {
      const { counter } = await serve(delivery);
      broker.once('add').duplicate({ unrecognized: true });
      expect(await add()).toBe(5);
      await broker.settled();
      expect(counter.runs).toHaveLength(2);
      expect(broker.calls).toMatchObject([{ runs: [{ result: 5 }, { result: 5 }] }]);
    });

    it('loses an acknowledgement: the message comes again, and one server runs it once', async () => {
      const { counter, transport } = await serve(delivery);
      broker.once('add').loseAcknowledgement();
      expect(await add()).toBe(5);
      await broker.settled();
      expect(counter.runs).toHaveLength(1);
      expect(transport.counts.duplicates).toBe(1);
    });

    it('loses an acknowledgement: another server runs it again', async () => {
      const { counter } = await serve(delivery);
      broker.once('add').loseAcknowledgement({ unrecognized: true });
      await client().cast({}, 'add', { a: 1, b: 1 });
      await broker.settled();
      expect(counter.runs).toHaveLength(2);
    });

    it('drops a reply: the handler runs, and its caller gets a timeout', async () => {
      const { counter } = await serve(delivery);
      broker.once({ kind: 'reply', method: 'add' }).drop();
      const timedOut = expect(add()).rejects.toBeInstanceOf(MessagingTimeout);
      await vi.advanceTimersByTimeAsync(10_020);
      await timedOut;
      expect(counter.runs).toHaveLength(1);
      expect(broker.calls).toMatchObject([{ status: 'failed', faults: ['drop (reply)'], runs: [{ result: 5 }] }]);
    });
  });

  it('that loses an acknowledgement of a request that must not run twice has the server refuse it', async () => {
    const transport = getRpcTransport({ ...broker.options, refuseRedelivered: true });
    open.push(() => transport.cleanup());
    const counter = new Counter();
    await getRpcServer(transport, new Target({ topic: 'sums', server: 's' }), [counter]).start();
    broker.once('add').loseAcknowledgement({ unrecognized: true });
    expect(await add()).toBe(5);
    await broker.settled();
    expect(counter.runs).toHaveLength(1);
    expect(transport.counts.redeliveries).toBe(1);
  });

  it('meets each server of a fanout', async () => {
    const servers = [await serve('at-most-once', 's1'), await serve('at-most-once', 's2')];
    broker.once({ fanout: true }).duplicate({ unrecognized: true });
    await client().prepare({ fanout: true }).cast({}, 'add', { a: 1, b: 1 });
    await broker.settled();
    expect(servers.map(({ counter }) => counter.runs.length)).toEqual([2, 2]);
  });

  it('is chosen by target, arguments and context', async () => {
    await serve();
    const fault = broker
      .on({ topic: 'sums', args: { a: expect.any(Number), b: 3 }, context: { user_id: 'eve' } })
      .fail();
    broker.on({ server: 'other' }).fail();
    broker.on({ method: /^sub/ }).fail();
    broker.on({ eventType: 'add' }).fail();
    expect(await add()).toBe(5);
    const asEve = () => client().call(new RequestContext({ userId: 'eve' }), 'add', { a: 1, b: 3 });
    await expect(asEve()).rejects.toBeInstanceOf(MessageDeliveryFailure);
    fault.remove();
    expect(await asEve()).toBe(4);
  });

  it('ends with a reset', async () => {
    await serve();
    broker.on('add').drop();
    broker.reset();
    expect(await add()).toBe(5);
    expect(broker.calls).toHaveLength(1);
  });

  it('is refused where its filter or its options make no sense', () => {
    expect(() => broker.on({ methd: 'add' } as object)).toThrow(/"methd".*did you mean "method"/);
    expect(() => broker.on(null as unknown as object)).toThrow(/TestBroker\.on: expected a filter/);
    expect(() => broker.on('add', { times: 0 })).toThrow(/times: expected a positive integer; got 0/);
    expect(() => broker.on('add').delay('soon')).toThrow(/delay: expected a number of seconds/);
  });

  describe('on notifications', () => {
    const got: unknown[] = [];

    async function listen(allowRequeue = false, answer: () => NotificationResult | undefined = () => undefined) {
      got.length = 0;
      const transport = connect();
      const endpoint = {
        info: (_ctxt: unknown, _publisher: unknown, type: unknown) => {
          got.push(type);
          return answer();
        },
      };
      const listener = getNotificationListener(transport, [new Target({ topic: 'notifications' })], [endpoint], {
        allowRequeue,
      });
      await listener.start();
      return transport;
    }
    const notify = (type = 'order.created') => broker.notifier({ publisherId: 'shop.1' }).info({}, type, { id: 7 });

    it('delays them', async () => {
      await listen();
      broker.once({ eventType: /^order\./ }).delay(1);
      await notify();
      await vi.advanceTimersByTimeAsync(999);
      expect(got).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(got).toEqual(['order.created']);
    });

    it('drops and fails them', async () => {
      await listen();
      broker.once({ eventType: 'lost' }).drop();
      broker.once({ priority: 'info', publisherId: 'shop.1', payload: { id: 7 } }).fail(new Error('no room'));
      await expect(notify()).rejects.toThrow(/Could not send the notification "order.created".*no room/);
      await notify('lost');
      await notify('heard');
      await broker.settled();
      expect(got).toEqual(['heard']);
      expect(broker.notifications.map(({ status }) => status)).toEqual(['failed', 'dropped', 'done']);
    });

    it('makes them come twice, as a duplicate or as a redelivery', async () => {
      await listen();
      broker.once({ eventType: 'one' }).duplicate();
      broker.once({ eventType: 'two' }).loseAcknowledgement();
      broker.once({ eventType: 'three' }).duplicate({ unrecognized: true });
      broker.once({ eventType: 'four' }).loseAcknowledgement({ unrecognized: true });
      for (const type of ['one', 'two', 'three', 'four']) await notify(type);
      await broker.settled();
      expect(got.sort()).toEqual(['four', 'four', 'one', 'three', 'three', 'two']);
    });

    it('leaves the requeue of the endpoint to it', async () => {
      let failures = 2;
      await listen(true, () => (failures-- > 0 ? NotificationResult.REQUEUE : undefined));
      await notify();
      await vi.advanceTimersByTimeAsync(100);
      await broker.settled();
      expect(broker.notifications).toMatchObject([
        { status: 'done', runs: [{ error: expect.any(Error) }, { error: expect.any(Error) }, { error: undefined }] },
      ]);
    });
  });
});
