import {
  BackingOffClient,
  cleanup,
  getClient,
  getRpcTransport,
  getServer,
  init,
  MessagingTimeout,
  OsloClientProxy,
  type OsloMessagingOptions,
  OsloRecord,
  RemoteError,
  type RPCServer,
  Target,
} from 'nestjs-oslo-messaging';
import { TestBroker } from 'nestjs-oslo-messaging/testing';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { fakeTime, passing } from '../../support/fake-time.js';
import { silent } from '../../support/silent.js';

interface Work {
  seconds?: number;
  fail?: boolean;
}

const ignore = () => undefined;

class Worker {
  readonly target: Target;

  constructor(namespace?: string) {
    this.target = new Target({ namespace, version: '1.0' });
  }

  async work(_ctxt: unknown, { seconds = 0, fail = false }: Work): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    if (fail) throw new RangeError('refused');
    return 'done';
  }

  other(ctxt: unknown, args: Work): Promise<string> {
    return this.work(ctxt, args);
  }
}

// A handler that takes longer than one timeout and less than the next tells which of the two is in force.
describe('BackingOffClient', () => {
  let topic = '';
  let server: RPCServer;
  let client: BackingOffClient;

  async function begin(options: OsloMessagingOptions = {}): Promise<void> {
    topic = uniqueTopic();
    await init({ transportUrl: 'memory://', rpcResponseTimeout: 0.1, drainTimeout: 0, logger: silent, ...options });
    server = await getServer(new Target({ topic, server: 'host1' }), [new Worker(), new Worker('ns')]);
    await server.start();
    client = getClient(new Target({ topic, version: '1.0' }));
  }

  async function end(): Promise<void> {
    await server.stop();
    await cleanup();
  }

  beforeEach(() => {
    fakeTime();
    // A rejection is kept back for a random part of the timeout.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    return passing(begin());
  });
  afterEach(async () => {
    await passing(end());
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  type Callable = Pick<BackingOffClient, 'call'>;

  async function timesOut(seconds: number, by: Callable = client, method = 'work'): Promise<number> {
    const start = performance.now();
    await expect(passing(by.call({}, method, { seconds }))).rejects.toBeInstanceOf(MessagingTimeout);
    return performance.now() - start;
  }

  async function succeeds(seconds: number, by: Callable = client, method = 'work'): Promise<void> {
    expect(await passing(by.call({}, method, { seconds }))).toBe('done');
  }

  it('starts at the response timeout and doubles with every timeout', async () => {
    expect(client).toBeInstanceOf(BackingOffClient);
    const first = await timesOut(0.6);
    expect(first).toBeGreaterThanOrEqual(100);
    expect(first).toBeLessThan(150);
    await timesOut(0.6);
    await timesOut(0.6);
    await succeeds(0.6);
  });

  it('goes up one step at a time', async () => {
    await timesOut(0.3);
    await timesOut(0.3);
    await succeeds(0.3);
    await timesOut(0.55);
  });

  it('keeps each method apart', async () => {
    await timesOut(0.15);
    await timesOut(0.15, client, 'other');
    await succeeds(0.15);
    await succeeds(0.15, client, 'other');
  });

  it('keeps each namespace apart', async () => {
    const scoped = client.prepare({ namespace: 'ns' });
    await timesOut(0.15);
    await timesOut(0.15, scoped);
    await succeeds(0.15);
    await succeeds(0.15, scoped);
  });

  it('shares its timeouts between clients', async () => {
    await timesOut(0.15);
    await succeeds(0.15, getClient(new Target({ topic, version: '1.0' })));
    await succeeds(0.15, client.prepare({ server: 'host1' }));
  });

  it('stops at the ceiling, ten times the response timeout by default', async () => {
    await passing(end());
    await passing(begin({ rpcResponseMaxTimeout: 0.2 }));
    for (let call = 0; call < 4; call++) await timesOut(0.3);
    await succeeds(0.15);
  });

  it('stops at a ceiling that was set', async () => {
    BackingOffClient.setMaxTimeout('200ms');
    for (let call = 0; call < 4; call++) await timesOut(0.3);
    await succeeds(0.15);
  });

  describe('with timeoutRecovery', () => {
    beforeEach(async () => {
      await passing(end());
      await passing(begin({ timeoutRecovery: true }));
    });

    it('halves a grown timeout after five fast answers in a row, down to the response timeout', async () => {
      await timesOut(0.3);
      await timesOut(0.3);
      for (let call = 0; call < 4; call++) await succeeds(0.1);
      // Slower than half of the timeout: the row begins anew.
      await succeeds(0.25);
      for (let call = 0; call < 4; call++) await succeeds(0.1);
      await succeeds(0.3);
      for (let call = 0; call < 5; call++) await succeeds(0.1);
      await timesOut(0.3);
    });

    it('reduces it no further than the response timeout', async () => {
      await timesOut(0.15);
      for (let call = 0; call < 30; call++) await succeeds(0.01);
      await succeeds(0.08);
      await timesOut(0.15);
    });
  });

  it('recovers by the calls of an OsloClientProxy, too', async () => {
    const options = { transportUrl: 'memory://', rpcResponseTimeout: 0.1, timeoutRecovery: true, logger: silent };
    const proxy = new OsloClientProxy({ ...options, topic });
    const grown = () => [...proxy.unwrap().grownTimeouts().values()];
    const send = (seconds: number) =>
      passing(firstValueFrom(proxy.send({ method: 'work', version: '1.0' }, { seconds })));
    await expect(send(0.15)).rejects.toBeInstanceOf(MessagingTimeout);
    expect(grown()).toEqual([0.2]);
    for (let call = 0; call < 5; call++) expect(await send(0)).toBe('done');
    expect(grown()).toEqual([]);
    await passing(proxy.close());
  });

  it.each([
    { timeoutRecovery: true, how: 'not' },
    { timeoutRecovery: false, how: 'as after any other' },
  ])(
    'grows after a timeout of an outage of the broker $how, with timeoutRecovery $timeoutRecovery',
    async (options) => {
      const broker = new TestBroker({ logger: silent });
      await passing(end());
      await passing(begin({ ...broker.options, rpcResponseTimeout: 0.1, timeoutRecovery: options.timeoutRecovery }));
      await succeeds(0);
      broker.disconnect();
      await timesOut(0);
      await timesOut(0);
      broker.connect();
      if (options.timeoutRecovery) await timesOut(0.15);
      else await succeeds(0.15);
      await passing(broker.close());
    },
  );

  it('does not grow, with timeoutRecovery, after a timeout of a call during which an outage has ended', async () => {
    const broker = new TestBroker({ logger: silent });
    await passing(end());
    await passing(begin({ ...broker.options, rpcResponseTimeout: 0.1, timeoutRecovery: true }));
    const call = client.call({}, 'work', { seconds: 0.3 }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(20);
    broker.disconnect();
    await vi.advanceTimersByTimeAsync(40);
    broker.connect();
    const message = 'the embedded broker was disconnected for 40 ms meanwhile';
    const error = await passing(call);
    expect(error).toBeInstanceOf(MessagingTimeout);
    expect(error).toMatchObject({ message: expect.stringContaining(message), cause: { message } });
    await timesOut(0.15);
    // That call began after the outage.
    await succeeds(0.15);
    await passing(broker.close());
  });

  it('keeps grown timeouts without timeoutRecovery', async () => {
    await timesOut(0.15);
    for (let call = 0; call < 30; call++) await succeeds(0.01);
    await succeeds(0.15);
  });

  it('starts a new method at the ceiling if that is lower', async () => {
    BackingOffClient.setMaxTimeout(0.04);
    await timesOut(0.08);
    await timesOut(0.08);
  });

  it('starts a new method at the response timeout if the ceiling is higher', async () => {
    BackingOffClient.setMaxTimeout(5);
    await timesOut(0.18);
    await succeeds(0.18);
  });

  it('lowers a timeout that has grown beyond a new ceiling', async () => {
    await timesOut(0.6);
    await timesOut(0.6);
    BackingOffClient.setMaxTimeout(0.1);
    await timesOut(0.25);
  });

  it('does not back off from an explicit timeout', async () => {
    const transport = getRpcTransport({ transportUrl: 'memory://', rpcResponseTimeout: 0.1 });
    const own = new BackingOffClient(transport, new Target({ topic, version: '1.0' }), { timeout: 0.05 });
    const prepared = client.prepare({ timeout: '50ms' });
    for (const explicit of [own, prepared, prepared, own]) await timesOut(0.08, explicit);
    await timesOut(0.15);
    await passing(transport.cleanup());
  });

  it('uses an explicit timeout after the method has backed off', async () => {
    await timesOut(0.15);
    await timesOut(0.12, client.prepare({ timeout: 0.05 }));
    await succeeds(0.15);
    await succeeds(0.25, client.prepare({ timeout: 2 }));
  });

  it('forgets its timeouts at cleanup', async () => {
    await timesOut(0.3);
    await timesOut(0.3);
    BackingOffClient.setMaxTimeout(0.2);
    await passing(end());
    await passing(begin());
    await timesOut(0.15);
    // The ceiling is forgotten, too.
    await timesOut(0.3);
    await succeeds(0.3);
  });

  it('delays no rejection beyond cleanup', async () => {
    await passing(end());
    vi.mocked(Math.random).mockReturnValue(0.999);
    let timedOut: () => void = ignore;
    const waiting = new Promise<void>((resolve) => {
      timedOut = resolve;
    });
    await passing(begin({ rpcResponseTimeout: 40, logger: { ...silent, error: () => timedOut() } }));
    const call = client.call({}, 'work', { seconds: 100 }).catch((error: unknown) => error);
    await passing(waiting);
    const start = performance.now();
    await passing(cleanup());
    expect(await call).toBeInstanceOf(MessagingTimeout);
    expect(performance.now() - start).toBeLessThan(500);
    await passing(begin());
  });

  describe('within a request that somebody waits for', () => {
    /** Lets a handler call the method, and returns the milliseconds after which that call failed. */
    async function fromHandler(timeout: number): Promise<number> {
      const outer = uniqueTopic();
      let ended: (milliseconds: number) => void = ignore;
      const took = new Promise<number>((resolve) => {
        ended = resolve;
      });
      const relay = async () => {
        const start = performance.now();
        await client.call({}, 'work', { seconds: 10 }).catch(ignore);
        ended(performance.now() - start);
      };
      const relaying = await getServer(new Target({ topic: outer, server: 'host1' }), [{ relay }]);
      await relaying.start();
      const caller = getClient(new Target({ topic: outer })).prepare({ timeout });
      const call = caller.call({}, 'relay').catch(ignore);
      const milliseconds = await took;
      await call;
      await relaying.stop();
      return milliseconds;
    }

    it('neither grows nor pauses when the deadline of the request ends a call', async () => {
      vi.mocked(Math.random).mockReturnValue(0.999);
      for (let call = 0; call < 3; call++) {
        const took = await passing(fromHandler(0.05));
        expect(took).toBeGreaterThanOrEqual(45);
        expect(took).toBeLessThan(75);
      }
      vi.mocked(Math.random).mockReturnValue(0);
      expect(await timesOut(0.6)).toBeLessThan(150);
    });

    it('pauses no longer than the request, and grows by its own timeouts', async () => {
      vi.mocked(Math.random).mockReturnValue(0.999);
      const took = await passing(fromHandler(0.14));
      expect(took).toBeGreaterThanOrEqual(130);
      expect(took).toBeLessThan(165);
      vi.mocked(Math.random).mockReturnValue(0);
      await succeeds(0.15);
    });
  });

  it('neither grows nor pauses when a signal ends a call', async () => {
    vi.mocked(Math.random).mockReturnValue(0.999);
    const controller = new AbortController();
    const call = client.prepare({ signal: controller.signal }).call({}, 'work', { seconds: 10 });
    const reason = new MessagingTimeout('enough');
    controller.abort(reason);
    expect(await call.catch((error: unknown) => error)).toBe(reason);
    vi.mocked(Math.random).mockReturnValue(0);
    await timesOut(0.15);
  });

  it('ends its pause when the signal of the call aborts', async () => {
    let timedOut: () => void = ignore;
    const waiting = new Promise<void>((resolve) => {
      timedOut = resolve;
    });
    await passing(end());
    await passing(begin({ rpcResponseTimeout: 40, logger: { ...silent, error: () => timedOut() } }));
    vi.mocked(Math.random).mockReturnValue(0.999);
    const controller = new AbortController();
    const call = client.prepare({ signal: controller.signal }).call({}, 'work', { seconds: 100 });
    const outcome = call.catch((error: unknown) => error);
    await passing(waiting);
    const start = performance.now();
    controller.abort();
    expect(await passing(outcome)).toBeInstanceOf(MessagingTimeout);
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('ends its pause when one of two signals aborts', async () => {
    let timedOut: () => void = ignore;
    const waiting = new Promise<void>((resolve) => {
      timedOut = resolve;
    });
    const logger = { ...silent, error: () => timedOut() };
    const proxy = new OsloClientProxy({ transportUrl: 'memory://', rpcResponseTimeout: 40, topic, logger });
    vi.mocked(Math.random).mockReturnValue(0.999);
    const controller = new AbortController();
    // Two signals: that of the options, and that of the subscription.
    const record = new OsloRecord({ seconds: 100 }, { signal: controller.signal, version: '1.0' });
    const outcome = firstValueFrom(proxy.send('work', record)).catch((error: unknown) => error);
    await passing(waiting);
    const start = performance.now();
    controller.abort();
    expect(await passing(outcome)).toBeInstanceOf(MessagingTimeout);
    expect(performance.now() - start).toBeLessThan(500);
    await passing(proxy.close());
  });

  it('keeps its timeouts after another error', async () => {
    for (let call = 0; call < 3; call++) {
      await expect(passing(client.call({}, 'work', { fail: true }))).rejects.toBeInstanceOf(RemoteError);
    }
    await timesOut(0.15);
    await succeeds(0.15);
  });
});
