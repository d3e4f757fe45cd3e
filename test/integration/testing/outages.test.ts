import {
  discoverServers,
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  MessagingTimeout,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silent } from '../../support/silent.js';

describe('An outage of a test broker', () => {
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

  function connect(options: OsloMessagingOptions = {}): Transport {
    const transport = getRpcTransport({ ...broker.options, ...options });
    open.push(() => transport.cleanup());
    return transport;
  }

  const endpointOf = (work: () => unknown) => ({ work });
  const serve = (work: () => unknown, options: OsloMessagingOptions = {}) =>
    getRpcServer(connect(options), new Target({ topic: 't', server: 's' }), [endpointOf(work)]).start();
  const clientOf = (transport: Transport, retry?: number) =>
    getRpcClient(transport, new Target({ topic: 't' }), { timeout: '10s', retry });

  it('shows in status, health and counts of each transport', async () => {
    const transport = connect();
    await getRpcServer(transport, new Target({ topic: 't', server: 's' }), [endpointOf(() => 1)]).start();
    const statuses: string[] = [];
    open.push(async () => transport.onStatus((status) => statuses.push(status))());
    const unsubscribe = transport.onStatus((status) => statuses.push(status));
    broker.disconnect();
    broker.disconnect();
    expect(transport.health()).toMatchObject({
      status: 'disconnected',
      publishing: 'disconnected',
      consumers: [{ attached: false }, { attached: false }, { attached: false }],
      replyQueue: { attached: false },
      lastError: { message: expect.stringContaining('disconnected') },
    });
    broker.connect();
    expect(transport.health()).toMatchObject({ status: 'connected', replyQueue: { attached: true } });
    expect(transport.counts.lostConnections).toBe(1);
    unsubscribe();
    expect(statuses).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('rejects a discovery that nobody has answered, also after its end: that does not show that nobody is there', async () => {
    const transport = connect();
    const silence = { oslo_rpc_server_info: () => new Promise(() => undefined) };
    await getRpcServer(transport, new Target({ topic: 't', server: 's' }), [silence]).start();
    const discover = () => discoverServers(transport, new Target({ topic: 't' }), { timeout: 2 });
    const answers = discover().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    broker.disconnect();
    await vi.advanceTimersByTimeAsync(500);
    broker.connect();
    await vi.advanceTimersByTimeAsync(1100);
    const error = await answers;
    expect(error).toBeInstanceOf(MessagingTimeout);
    expect(error).toMatchObject({ cause: { message: 'the embedded broker was disconnected for 500 ms meanwhile' } });
    const later = discover();
    await vi.advanceTimersByTimeAsync(2100);
    expect((await later).servers).toEqual([]);
  });

  it('has calls, casts, notifications and connects wait until it is over', async () => {
    const runs: number[] = [];
    await serve(() => runs.push(1));
    const transport = connect();
    const client = clientOf(transport);
    broker.disconnect();
    const work = [
      client.call({}, 'work'),
      client.cast({}, 'work'),
      broker.notifier().info({}, 'type', {}),
      transport.connect(),
    ];
    await vi.advanceTimersByTimeAsync(5000);
    expect(broker.calls).toEqual([]);
    await expect(broker.settled({ timeout: '5ms' })).rejects.toThrow('waiting for connect(): 4');
    broker.connect();
    await Promise.all(work);
    await broker.settled();
    expect(runs).toHaveLength(2);
    expect(broker.notifications).toHaveLength(1);
  });

  it('has a call time out with its cause, and a cast fail', async () => {
    await serve(() => 1);
    const client = clientOf(connect());
    broker.disconnect();
    const call = expect(client.call({}, 'work')).rejects.toMatchObject({
      constructor: MessagingTimeout,
      cause: expect.any(MessageDeliveryFailure),
    });
    const cast = expect(client.cast({}, 'work')).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await vi.advanceTimersByTimeAsync(10_020);
    await Promise.all([call, cast]);
    broker.connect();
    await broker.settled();
    expect(broker.casts).toEqual([]);
  });

  it('fails requests without retries at once', async () => {
    const transport = connect();
    const client = clientOf(transport, 0);
    broker.disconnect();
    await expect(client.call({}, 'work')).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await expect(client.cast({}, 'work')).rejects.toThrow('The embedded broker is disconnected');
    await expect(transport.connect({ retry: 0 })).rejects.toBeInstanceOf(MessageDeliveryFailure);
  });

  it('ends waits where the transport closes', async () => {
    const transport = connect();
    broker.disconnect();
    const cast = expect(clientOf(transport).cast({}, 'work')).rejects.toThrow('The transport was closed');
    await transport.cleanup();
    await cast;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets a running handler finish; its reply waits', async () => {
    let finish: (result: number) => void = () => undefined;
    await serve(() => new Promise((resolve) => (finish = resolve)));
    const call = clientOf(connect()).call({}, 'work');
    await vi.advanceTimersByTimeAsync(1);
    broker.disconnect();
    finish(7);
    await vi.advanceTimersByTimeAsync(5000);
    expect(broker.calls[0]).toMatchObject({ status: 'pending', runs: [{ result: 7 }] });
    broker.connect();
    expect(await call).toBe(7);
  });

  it('delivers unacknowledged messages again', async () => {
    let finish: () => void = () => undefined;
    const flags: unknown[] = [];
    await serve(() => new Promise<void>((resolve) => (finish = resolve)), { delivery: 'at-least-once' });
    const listener = getNotificationListener(
      connect(),
      [new Target({ topic: 'notifications' })],
      [
        {
          info: async (_ctxt: unknown, _publisher: unknown, type: unknown) => {
            flags.push(type);
            await new Promise<void>((resolve) => setTimeout(resolve, 1000));
          },
        },
      ],
    );
    await listener.start();
    await clientOf(connect()).cast({}, 'work');
    await broker.notifier().info({}, 'type', {});
    await vi.advanceTimersByTimeAsync(1);
    broker.disconnect();
    broker.connect();
    await vi.advanceTimersByTimeAsync(1);
    finish();
    await vi.advanceTimersByTimeAsync(3000);
    await broker.settled();
    // The redelivery of a request that is still in work is no second run.
    expect(broker.casts[0]?.runs).toHaveLength(1);
    expect(flags).toEqual(['type']);
  });
});
