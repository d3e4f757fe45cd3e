import {
  getBatchNotificationListener,
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { NotSettled, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silent } from '../../support/silent.js';

describe('A test broker is settled', () => {
  let broker: TestBroker;
  const open: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    broker = new TestBroker({ logger: silent, drainTimeout: 0 });
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const close of open.splice(0).reverse()) await close();
    await broker.close();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const transport = getRpcTransport({ ...broker.options, ...options });
    open.push(() => transport.cleanup());
    return transport;
  }

  async function serve(topic: string, endpoint: object, options: OsloMessagingOptions = {}) {
    const transport = connect(options);
    await getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]).start();
    return transport;
  }

  const clientOf = (topic: string) => getRpcClient(connect(), new Target({ topic }), { timeout: '10s' });
  const pause = (milliseconds = 5) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  const never = () => new Promise<void>(() => undefined);

  it('at once when nothing was sent', async () => {
    await broker.settled();
  });

  it('after casts, nested casts and calls, fanouts and notifications, each of which takes its time', async () => {
    const ended: string[] = [];
    const slowly = (name: string) => async () => {
      await pause();
      ended.push(name);
    };
    const inner = clientOf('inner');
    await serve('inner', { cast: slowly('inner cast'), call: slowly('inner call') });
    await serve('outer', {
      start: async () => {
        await pause();
        await inner.call({}, 'call');
        await inner.prepare({ fanout: true }).cast({}, 'cast');
        await broker.notifier().info({}, 'type', {});
        ended.push('outer');
      },
    });
    const listener = getNotificationListener(
      connect(),
      [new Target({ topic: 'notifications' })],
      [{ info: slowly('notification') }],
    );
    await listener.start();
    await clientOf('outer').cast({}, 'start');
    await broker.settled();
    expect(ended.sort()).toEqual(['inner call', 'inner cast', 'notification', 'outer']);
  });

  it('after a request that is sent by the code behind a reply', async () => {
    const runs: string[] = [];
    await serve('t', { first: () => 'x', second: () => void runs.push('second') });
    const client = clientOf('t');
    void client.call({}, 'first').then(() => client.cast({}, 'second'));
    await broker.settled();
    expect(runs).toEqual(['second']);
  });

  it('also where a thousand messages wait for two slots', async () => {
    let runs = 0;
    const work = async () => {
      await Promise.resolve();
      runs++;
    };
    await serve('t', { work }, { concurrency: 2 });
    const client = clientOf('t');
    await Promise.all(Array.from({ length: 1000 }, () => client.cast({}, 'work')));
    await broker.settled();
    expect(runs).toBe(1000);
  });

  it('while a message waits in a queue that nobody consumes', async () => {
    const server = getRpcServer(connect(), new Target({ topic: 't', server: 's' }), [{ work: () => 1 }]);
    await server.start();
    await server.stop();
    await clientOf('t').cast({}, 'work');
    await broker.notifier().info({}, 'type', {});
    await broker.settled();
    expect(broker.casts).toMatchObject([{ status: 'pending', runs: [] }]);
    expect(broker.notifications).toMatchObject([{ status: 'pending' }]);
    await clientOf('nowhere').cast({}, 'work');
    await broker.settled();
    expect(broker.casts[1]).toMatchObject({ status: 'undelivered' });
  });

  it('or says what is in flight', async () => {
    await serve('t', { hang: never, work: () => 1 });
    const client = clientOf('t');
    void client
      .prepare({ version: '1.0' })
      .call({}, 'hang', { id: 7, password: 'hunter22' })
      .catch(() => undefined);
    broker.once('work').delay('1m');
    await client.cast({}, 'work');
    const error = await broker.settled({ timeout: '20ms' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotSettled);
    expect(error).toMatchObject({ code: 'NOT_SETTLED' });
    expect((error as NotSettled).inFlight).toEqual([
      'call "hang" to t (1.0) {"id":7,"password":"***"}: running on s',
      'cast "work" to t {}: waiting, delay',
    ]);
    expect((error as Error).message).toMatch(/^Not settled within 0.02 s; in flight:\n {2}call "hang"/);
  });

  it('or names a batch that nothing completes, and messages that wait for a slot', async () => {
    const listener = getBatchNotificationListener(
      connect(),
      [new Target({ topic: 'notifications' })],
      [{ info: never }],
      {
        batchSize: 3,
      },
    );
    await listener.start();
    await broker.notifier().info({}, 'vnf.active', { id: 7 });
    await serve('t', { hang: never }, { concurrency: 1 });
    await clientOf('t').cast({}, 'hang', { nr: 1 });
    await clientOf('t').cast({}, 'hang', { nr: 2 });
    await expect(broker.settled({ timeout: '20ms' })).rejects.toMatchObject({
      inFlight: [
        'cast "hang" to t {"nr":1}: running on s',
        'notification "vnf.active" (info) to notifications {"id":7}: waiting',
        'cast "hang" to t {"nr":2}: waiting',
      ],
    });
  });

  it('in real time under fake timers, and then names them', async () => {
    vi.useFakeTimers();
    await serve('t', { work: () => pause(1000) });
    await clientOf('t').cast({}, 'work');
    await expect(broker.settled({ timeout: '20ms' })).rejects.toThrow(/The timers are faked: advance them/);
    await vi.advanceTimersByTimeAsync(1000);
    await broker.settled();
  });

  it('unless the timeout makes no sense', async () => {
    await expect(broker.settled({ timeout: 'soon' })).rejects.toThrow(/timeout: expected a number of seconds/);
  });
});
