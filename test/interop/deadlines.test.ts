import {
  CallerGone,
  getCurrentRequest,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  RequestExpired,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Child } from '../support/child.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';

/** Heartbeat timeout that callers ask for, in seconds. A heartbeat is sent each half of it. */
const MONITOR_SECONDS = 2;
/** Time within which a dead caller must be noticed: one heartbeat, and a second. In milliseconds. */
const NOTICED_MS = MONITOR_SECONDS * 500 + 1000;

interface Seen {
  readonly remaining: number | undefined;
  readonly signal: AbortSignal;
}

describeWithPython('the deadline of a Python caller', () => {
  const topic = uniqueTopic();
  const leaf = `${topic}-leaf`;
  const open: (() => Promise<unknown>)[] = [];
  let peer: PythonPeer;
  let nested: Transport;
  /** Observations of the handlers. */
  let seen: Seen[];
  let finish: (() => void)[];

  const look = (): Seen => {
    const request = getCurrentRequest();
    if (!request) throw new Error('no request');
    const one = { remaining: request.getRemainingTime(), signal: request.getSignal() };
    seen.push(one);
    return one;
  };

  const endpoint = {
    look: () => look().remaining ?? null,
    relay: () => {
      look();
      return getRpcClient(nested, new Target({ topic: leaf })).call({}, 'look');
    },
    work: () => {
      look();
      return new Promise<string>((resolve) => finish.push(() => resolve('done')));
    },
  };

  async function serve(at: string, concurrency = 64): Promise<RPCServer> {
    const options = { logger: silent, drainTimeout: '100ms', concurrency, loadShedding: true };
    const transport = getRpcTransport({ transportUrl: rabbitUrl, ...options });
    const server = getRpcServer(transport, new Target({ topic: at, server: 's' }), [endpoint]);
    await server.start();
    open.push(
      () => server.stop(),
      () => transport.cleanup(),
    );
    return server;
  }

  beforeAll(async () => {
    nested = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 60 });
    [peer] = await Promise.all([PythonPeer.start(rabbitUrl), serve(topic), serve(leaf)]);
  });
  beforeEach(() => {
    seen = [];
    finish = [];
  });
  afterAll(async () => {
    for (const close of open) await close();
    await nested?.cleanup();
    await peer?.stop();
  });

  it('is that of its request, and of the calls that its handler makes', async () => {
    const remaining = await peer.call({ topic, method: 'relay', timeout: 10 });
    const [first, second] = seen.map((one) => one.remaining ?? Number.NaN);
    expect(first).toBeGreaterThan(5);
    expect(first).toBeLessThanOrEqual(10);
    expect(second).toBe(remaining);
    expect(second).toBeLessThanOrEqual(first ?? 0);
    await peer.cast({ topic, method: 'look' });
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen[2]?.remaining).toBeUndefined();
  });

  it('aborts the signal as Python gives up', async () => {
    const call = peer.call({ topic, method: 'work', timeout: 1 }).catch((error: unknown) => error);
    await eventually(() => expect(seen[0]?.signal.aborted).toBe(true));
    expect(seen[0]?.signal.reason).toBeInstanceOf(RequestExpired);
    expect(String(await call)).toContain('MessagingTimeout');
  });

  it('is refused by a full server, because its handler could not end in time any more', async () => {
    const full = `${topic}-full`;
    await serve(full, 1);
    const ours = getRpcClient(nested, new Target({ topic: full }));
    // The second call waits for the first one, so that the server measures it.
    const calls = [ours.call({}, 'work'), ours.call({}, 'work')];
    await eventually(() => expect(seen).toHaveLength(1));
    finish[0]?.();
    await eventually(() => expect(seen).toHaveLength(2));
    setTimeout(() => finish[1]?.(), 2500);
    await Promise.all(calls);
    const holding = ours.call({}, 'work');
    await eventually(() => expect(seen).toHaveLength(3));
    const refused = peer.call({ topic: full, method: 'work', timeout: 5 }).catch((error: unknown) => error);
    setTimeout(() => finish[2]?.(), 3500);
    expect(String(await refused)).toContain('ServerOverloaded');
    await holding;
    expect(seen).toHaveLength(3);
  });

  it('lets a caller wait for many heartbeats', async () => {
    const call = peer.call({ topic, method: 'work', timeout: 30, callMonitorTimeout: MONITOR_SECONDS });
    await eventually(() => expect(seen).toHaveLength(1));
    // Without heartbeats, Python would give up after two seconds.
    setTimeout(() => finish[0]?.(), 1.75 * MONITOR_SECONDS * 1000);
    expect(await call).toBe('done');
    expect(seen[0]?.signal.aborted).toBe(false);
  });

  it('is nothing to a caller without heartbeats, which gets the one reply', async () => {
    const { length } = peer.stderr;
    const call = peer.call({ topic, method: 'work', timeout: 30 });
    await eventually(() => expect(seen).toHaveLength(1));
    // Python fails on any other reply.
    setTimeout(() => finish[0]?.(), 200);
    expect(await call).toBe('done');
    expect(await peer.call({ topic, method: 'relay', timeout: 10 })).toBeGreaterThan(5);
    expect(peer.stderr.slice(length)).not.toMatch(/ERROR|WARN|Traceback/);
  });

  /** Returns the milliseconds between a death and the end of the signal. */
  async function noticed(kill: () => unknown): Promise<number> {
    await eventually(() => expect(seen).toHaveLength(1));
    const signal = seen[0]?.signal ?? AbortSignal.abort();
    expect(signal.aborted).toBe(false);
    const watch = new Stopwatch();
    const ended = new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    await kill();
    await ended;
    expect(signal.reason).toBeInstanceOf(CallerGone);
    return watch.stop();
  }

  it('ends before, when the caller is killed', async () => {
    const dying = await PythonPeer.start(rabbitUrl);
    open.push(() => dying.stop());
    const request = { topic, method: 'work', timeout: 60, callMonitorTimeout: MONITOR_SECONDS };
    dying.call(request).catch(() => undefined);
    expect(await noticed(() => dying.kill())).toBeLessThan(NOTICED_MS);
    finish[0]?.();
  });

  it('ends likewise for a caller with this library', async () => {
    const child = new Child('test/support/monitored-caller.ts', [rabbitUrl, topic, String(MONITOR_SECONDS)], {
      NODE_OPTIONS: '--import ./test/support/typescript.mjs',
    });
    open.push(() => child.stop());
    expect(await noticed(() => child.stop())).toBeLessThan(NOTICED_MS);
    finish[0]?.();
  });
});
