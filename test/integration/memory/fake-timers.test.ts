import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  getBatchNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  Notifier,
  type OsloMessagingOptions,
  OsloServer,
  RpcEndpoint,
  RpcMethod,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

/** Functions that vitest fakes by default, and those that jest fakes besides. */
const SETS = {
  vitest: undefined,
  jest: [
    ...(['Date', 'hrtime', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
    ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
  ],
};

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0).reverse()) await close();
});

function connect(options: OsloMessagingOptions = {}): Transport {
  const transport = getRpcTransport({
    transportUrl: `memory://${uniqueTopic()}`,
    logger: silent,
    drainTimeout: 0,
    ...options,
  });
  open.push(() => transport.cleanup());
  return transport;
}

async function serve(endpoint: object, options: OsloMessagingOptions = {}): Promise<Transport> {
  const transport = connect(options);
  await getRpcServer(transport, new Target({ topic: 't', server: 's' }), [endpoint]).start();
  return transport;
}

const clientOf = (transport: Transport) => getRpcClient(transport, new Target({ topic: 't' }));
const never = () => new Promise(() => undefined);

describe.each(Object.entries(SETS))('Under the fake timers of %s, memory://', (_name, toFake) => {
  const fake = () => vi.useFakeTimers(toFake ? { toFake } : {});

  it('answers any number of calls and casts without a tick of the clock', async () => {
    fake();
    let casts = 0;
    const client = clientOf(
      await serve({ add: (_ctxt: unknown, { a }: { a: number }) => a + 1, cast: () => void casts++ }),
    );
    for (let sum = 0; sum < 300; ) sum = await client.call<number>({}, 'add', { a: sum });
    const sums = await Promise.all(Array.from({ length: 300 }, (_, a) => client.call<number>({}, 'add', { a })));
    for (let cast = 0; cast < 300; cast++) await client.cast({}, 'cast');
    await client.call({}, 'add', { a: 0 });
    expect(sums).toHaveLength(300);
    expect(casts).toBe(300);
    expect(performance.now()).toBe(0);
  });

  it('has calls time out when time passes, not before', async () => {
    fake();
    const call = clientOf(await serve({ never })).call({}, 'never');
    let ended = false;
    call.catch(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    await expect(call).rejects.toBeInstanceOf(MessagingTimeout);
  });

  it('backs off', async () => {
    fake();
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    // Methods back off for the whole process.
    const method = uniqueTopic();
    const client = new BackingOffClient(await serve({ [method]: never }), new Target({ topic: 't' }));
    const waits: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      const began = performance.now();
      const call = client.call({}, method).catch(() => waits.push(Math.round((performance.now() - began) / 1000)));
      await vi.advanceTimersByTimeAsync(300_000);
      await call;
    }
    // The timeout of 60 s doubles each time; half of the first one is the pause.
    expect(waits).toEqual([90, 150, 270]);
  });

  it('sends heartbeats, and misses them', async () => {
    fake();
    const transport = await serve({ slow: () => new Promise((resolve) => setTimeout(resolve, 30_000, 'done')) });
    const monitored = clientOf(transport).prepare({ callMonitorTimeout: 4 });
    const call = monitored.call({}, 'slow');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await call).toBe('done');
  });

  it('gathers batches of notifications until their time', async () => {
    fake();
    const transport = connect();
    const sizes: number[] = [];
    const endpoint = { info: (batch: readonly unknown[]) => void sizes.push(batch.length) };
    const listener = getBatchNotificationListener(transport, [new Target({ topic: 'n' })], [endpoint], {
      batchSize: 10,
      batchTimeout: 5,
    });
    await listener.start();
    const notifier = new Notifier(transport, { topics: ['n'] });
    for (let nr = 0; nr < 13; nr++) await notifier.info({}, 'type', nr);
    await vi.advanceTimersByTimeAsync(4999);
    expect(sizes).toEqual([10]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sizes).toEqual([10, 3]);
  });

  it('ends the drain of a server', async () => {
    fake();
    const transport = connect({ drainTimeout: 30 });
    const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [{ never }]);
    await server.start();
    await clientOf(transport).cast({}, 'never');
    await vi.advanceTimersByTimeAsync(1);
    const stopped = server.stop();
    await vi.advanceTimersByTimeAsync(30_000);
    await stopped;
  });

  it('serves a Nest application, whose timers all end', async () => {
    fake();
    @RpcEndpoint({ topic: 'nest' })
    class Endpoint {
      @RpcMethod()
      ping(): string {
        return 'pong';
      }
    }
    const module = await Test.createTestingModule({ controllers: [Endpoint] }).compile();
    const strategy = new OsloServer({ transportUrl: `memory://${uniqueTopic()}`, logger: silent });
    const app = module.createNestMicroservice({ strategy, logger: false });
    await app.listen();
    const client = getRpcClient(strategy.unwrap(), new Target({ topic: 'nest' }));
    for (let call = 0; call < 100; call++) expect(await client.call({}, 'ping')).toBe('pong');
    await vi.runAllTimersAsync();
    await app.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps to its deadlines when the clock is replaced', async () => {
    const transport = await serve({ never, work: () => 1 });
    const client = clientOf(transport).prepare({ timeout: '10s' });
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const timesOut = async (pass: () => Promise<unknown>) => {
      const call = expect(client.call({}, 'never')).rejects.toBeInstanceOf(MessagingTimeout);
      await pass();
      await call;
    };
    const passTime = () => vi.advanceTimersByTimeAsync(10_020);
    // A real timer waits for the deadline of this call when the clock is replaced.
    await client.call({}, 'work');
    fake();
    await timesOut(passTime);
    void client.call({}, 'never').catch(() => undefined);
    vi.clearAllTimers();
    await timesOut(passTime);
    fake();
    await timesOut(passTime);
    vi.useRealTimers();
    const brief = clientOf(transport).prepare({ timeout: '20ms' });
    await expect(brief.call({}, 'never')).rejects.toBeInstanceOf(MessagingTimeout);
    expect(warn).not.toHaveBeenCalled();
  });
});
