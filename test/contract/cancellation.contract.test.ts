import { getEventListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import {
  CallAborted,
  ConfigurationError,
  getCurrentRequest,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  OsloClientProxy,
  RequestCancelled,
  type RPCClient,
  ServerStopped,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { beforeEach, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';
import { type Args, transports, useRpc } from './rpc-stage.js';

const CALLS = 10_000;
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`A signal of a call on ${name}`, () => {
    const { connect, serve } = useRpc(url);
    let transport: Transport;
    let client: RPCClient;
    /** Ids of the requests that were started, and what ends them. */
    let started: Map<unknown, () => void>;

    beforeEach(async () => {
      const topic = uniqueTopic();
      started = new Map();
      await serve(topic, 's', [
        {
          work: (_ctxt: unknown, { id }: Args) => new Promise<void>((resolve) => started.set(id, resolve)),
          echo: (_ctxt: unknown, { value }: Args) => value,
        },
      ]);
      transport = connect({ rpcResponseTimeout: 20 });
      client = getRpcClient(transport, new Target({ topic }));
    });

    it('gives up the call with its reason, frees it at once, and the late reply is counted', async () => {
      const controller = new AbortController();
      const call = client.prepare({ signal: controller.signal, callMonitorTimeout: 10 }).call({}, 'work', { id: 1 });
      await eventually(() => expect(started.size).toBe(1));
      expect([transport.health().pendingCalls, listeners(controller.signal)]).toEqual([1, 1]);
      const reason = new Error('enough');
      controller.abort(reason);
      expect([transport.health().pendingCalls, listeners(controller.signal)]).toEqual([0, 0]);
      expect(await call.catch((error: unknown) => error)).toBe(reason);
      expect(transport.counts.lateReplies).toBe(0);
      started.get(1)?.();
      await eventually(() => expect(transport.counts.lateReplies).toBe(1));
    });

    it.each([
      ['the reason itself where it is an Error', () => AbortSignal.abort(new RangeError('enough')), RangeError],
      ['the AbortError of Node.js without a reason', () => AbortSignal.abort(), DOMException],
      ['an error around any other reason', () => AbortSignal.abort('a text'), CallAborted],
    ])('that has aborted already sends nothing: it rejects with %s', async (_what, make, expected) => {
      const signal = make();
      const by = client.prepare({ signal });
      await expect(by.call({}, 'work', { id: 'call' })).rejects.toBeInstanceOf(expected);
      await expect(by.cast({}, 'work', { id: 'cast' })).rejects.toBeInstanceOf(expected);
      await client.call({}, 'echo');
      expect([...started.keys()]).toEqual([]);
      expect(listeners(signal)).toBe(0);
    });

    it('gives the same reason to all calls, unchanged', async () => {
      const controller = new AbortController();
      const by = getRpcClient(transport, client.target, { signal: controller.signal });
      const calls = [1, 2, 3].map((id) => by.call({}, 'work', { id }).catch((error: unknown) => error));
      await eventually(() => expect(started.size).toBe(3));
      const reason = new Error('enough');
      const { stack } = reason;
      controller.abort(reason);
      expect(await Promise.all(calls)).toEqual([reason, reason, reason]);
      for (const error of await Promise.all(calls)) expect(error).toBe(reason);
      expect(reason.stack).toBe(stack);
    });

    it('gives an error of another realm as it is: Jest has one', async () => {
      const controller = new AbortController();
      const call = client.prepare({ signal: controller.signal }).call({}, 'work', { id: 1 });
      await eventually(() => expect(started.size).toBe(1));
      const reason: unknown = runInNewContext('new RangeError("enough")');
      expect(reason).not.toBeInstanceOf(Error);
      controller.abort(reason);
      expect(await call.catch((error: unknown) => error)).toBe(reason);
    });

    it('has no listener left, and causes no warning, after 10,000 calls', { timeout: 240_000 }, async () => {
      const warnings: unknown[] = [];
      const warn = (warning: unknown) => warnings.push(warning);
      process.on('warning', warn);
      const { signal } = new AbortController();
      const by = client.prepare({ signal, timeout: 200 });
      let most = 0;
      for (let done = 0; done < CALLS; done += 500) {
        const calls = Array.from({ length: 500 }, (_, value) => by.call({}, 'echo', { value }));
        most = Math.max(most, listeners(signal));
        await Promise.all(calls);
      }
      process.off('warning', warn);
      expect([most, listeners(signal), warnings]).toEqual([1, 0, []]);
    });

    it('is seen by client interceptors, which can replace it', async () => {
      const controller = new AbortController();
      const own = new AbortController();
      const seen: unknown[] = [];
      const intercepted = connect({
        clientInterceptors: [
          (message, next) => {
            seen.push(message.signal);
            return next({ ...message, signal: own.signal });
          },
        ],
      });
      const call = getRpcClient(intercepted, client.target)
        .prepare({ signal: controller.signal })
        .call({}, 'work', { id: 1 })
        .catch((error: unknown) => error);
      await eventually(() => expect(started.size).toBe(1));
      expect(seen).toEqual([controller.signal]);
      const reason = new Error('by the link');
      own.abort(reason);
      expect(await call).toBe(reason);
      expect([listeners(own.signal), listeners(controller.signal)]).toEqual([0, 0]);
    });

    it('is checked', async () => {
      expect(() => client.prepare({ signal: {} as AbortSignal })).toThrow(ConfigurationError);
      expect(() => client.prepare({ signal: {} as AbortSignal })).toThrow('signal: expected an AbortSignal; got ');
      expect(() => client.prepare({ propagateDeadlines: 1 as never })).toThrow('propagateDeadlines');
      const { signal } = new AbortController();
      const cleared = client.prepare({ signal }).target;
      expect(await client.prepare({ signal: null }).call({}, 'echo', { value: 1 })).toBe(1);
      expect(cleared).toBe(client.target);
    });
  });

  describeOn(`The handler of a call that is given up on ${name}`, () => {
    const { connect, serve } = useRpc(url);
    const log = new LogRecorder();
    let topic: string;
    let client: RPCClient;
    /** Signals of the handlers, in the order of their use. */
    let signals: AbortSignal[];
    /** Lets the handlers of `late` go on. */
    let go: () => void;
    let gone: Promise<void>;
    let latest: number;

    const open = () => {
      const signal = getCurrentRequest()?.getSignal();
      if (!signal) throw new Error('no request');
      signals.push(signal);
      return signal;
    };
    const untilAborted = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        const end = () => reject(signal.reason as Error);
        if (signal.aborted) end();
        else signal.addEventListener('abort', end, { once: true });
      });

    const endpoint = {
      work: () => untilAborted(open()),
      async late() {
        latest++;
        await gone;
        return untilAborted(open());
      },
      echo: (_ctxt: unknown, { value }: Args) => value,
      signalled: () => open().aborted,
    };

    /** Aborts a call once it has run until then, and returns how its handler has ended. */
    async function aborted(by: (signal: AbortSignal) => Promise<unknown>, until: () => void): Promise<unknown> {
      const controller = new AbortController();
      const call = by(controller.signal).catch((error: unknown) => error);
      await eventually(until);
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await call).toBe(reason);
      await eventually(() => expect(signals.map((signal) => signal.aborted)).toContain(true));
      await eventually(() => expect(signals.every((signal) => signal.aborted)).toBe(true));
      return signals.at(-1)?.reason;
    }

    beforeEach(async () => {
      topic = uniqueTopic();
      signals = [];
      latest = 0;
      gone = new Promise<void>((resolve) => {
        go = resolve;
      });
      log.clear();
      await serve(topic, 's', [endpoint], { transport: connect({ logger: log }) });
      client = getRpcClient(connect({ rpcResponseTimeout: 20 }), new Target({ topic }));
      await client.call({}, 'echo');
    });

    it('sees its signal abort with RequestCancelled, and its end is logged at debug level', async () => {
      const reason = await aborted(
        (signal) => client.prepare({ signal }).call({}, 'work'),
        () => expect(signals).toHaveLength(1),
      );
      expect(reason).toBeInstanceOf(RequestCancelled);
      expect(reason).toMatchObject({ code: 'REQUEST_CANCELLED', method: 'work' });
      expect(String(reason)).toBe('RequestCancelled: The caller of "work" has cancelled it: enough');
      await eventually(() => expect(log.messages(/^Stopped "work": The caller of "work"/, 'debug')).toHaveLength(1));
      expect(log.messages(/Exception while handling/)).toEqual([]);
    });

    it('sees it when the subscriber of send() has left', async () => {
      const proxy = new OsloClientProxy({ transportUrl: url, topic, logger: silent, rpcResponseTimeout: 20 });
      const subscription = proxy.send('work', {}).subscribe({ error: () => undefined });
      await eventually(() => expect(signals).toHaveLength(1));
      subscription.unsubscribe();
      await eventually(() => expect(signals[0]?.aborted).toBe(true));
      expect(signals[0]?.reason).toBeInstanceOf(RequestCancelled);
      expect(String(signals[0]?.reason)).toContain('nobody is subscribed');
      await proxy.close();
    });

    it('sees it also when it asks for its signal only then', async () => {
      const call = (signal: AbortSignal) => client.prepare({ signal }).call({}, 'late');
      const controller = new AbortController();
      const given = call(controller.signal).catch((error: unknown) => error);
      await eventually(() => expect(latest).toBe(1));
      controller.abort(new Error('before'));
      await given;
      go();
      await eventually(() => expect(signals[0]?.aborted).toBe(true));
      expect(signals[0]?.reason).toBeInstanceOf(RequestCancelled);
    });

    it('sees it when the transport of its caller closes', async () => {
      const transport = connect({ rpcResponseTimeout: 20 });
      const calls = [new AbortController(), new AbortController()].map(async (controller, started) => {
        await eventually(() => expect(signals).toHaveLength(started));
        const { signal } = controller;
        const call = getRpcClient(transport, new Target({ topic }), { signal }).call({}, 'work');
        return { controller, call: call.catch((error: unknown) => error) };
      });
      const [first, second] = await Promise.all(calls);
      await eventually(() => expect(signals).toHaveLength(2));
      // Requests are announced in their order. Where the second one can be cancelled, so can the first.
      second?.controller.abort();
      await eventually(() => expect(signals[1]?.aborted).toBe(true));
      expect(signals[0]?.aborted).toBe(false);
      await transport.cleanup();
      expect(await first?.call).toMatchObject({ code: 'DELIVERY_FAILURE', message: 'The transport was closed' });
      await eventually(() => expect(signals[0]?.aborted).toBe(true));
      expect(String(signals[0]?.reason)).toBe(
        'RequestCancelled: The caller of "work" has cancelled it: The transport was closed',
      );
    });

    it('ends its own calls, and the handlers of these, through three services', async () => {
      const [b, c] = [uniqueTopic(), uniqueTopic()];
      const failures: unknown[] = [];
      const nested = (to: string) => {
        const next = getRpcClient(connect({ rpcResponseTimeout: 20 }), new Target({ topic: to }));
        return {
          relay: () =>
            next.call({}, to === topic ? 'work' : 'relay').catch((error: unknown) => {
              failures.push(error);
              throw error;
            }),
        };
      };
      await serve(b, 's', [nested(c)], { transport: connect({ logger: log }) });
      await serve(c, 's', [nested(topic)], { transport: connect({ logger: log }) });
      const reason = await aborted(
        (signal) => client.prepare({ topic: b, signal }).call({}, 'relay'),
        () => expect(signals).toHaveLength(1),
      );
      expect(String(reason)).toMatch(/has cancelled it: The caller of "relay" has cancelled it: .*enough$/);
      await eventually(() => expect(failures).toHaveLength(2));
      for (const failure of [reason, ...failures]) expect(failure).toBeInstanceOf(RequestCancelled);
      expect(log.messages(/Exception while handling/)).toEqual([]);
    });

    it('sees it where the request is delivered at least once', async () => {
      const once = uniqueTopic();
      await serve(once, 's', [endpoint], { transport: connect({ delivery: 'at-least-once' }) });
      const reason = await aborted(
        (signal) => client.prepare({ topic: once, signal }).call({}, 'work'),
        () => expect(signals).toHaveLength(1),
      );
      expect(reason).toBeInstanceOf(RequestCancelled);
    });

    it('hears nothing after its end, and without a signal of its caller', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      expect(await client.prepare({ signal }).call({}, 'signalled')).toBe(false);
      const waiting = client.prepare({ timeout: 0.4 }).call({}, 'work');
      controller.abort();
      await waiting.catch(() => undefined);
      await eventually(() => expect(signals[1]?.aborted).toBe(true));
      expect(signals[0]?.aborted).toBe(false);
      expect(signals[1]?.reason).toMatchObject({ code: 'REQUEST_EXPIRED' });
    });
  });

  describeOn(`A server that stops on ${name}`, () => {
    it('aborts the signals of the handlers that it does not wait for, and logs their end at debug level', async () => {
      const topic = uniqueTopic();
      const log = new LogRecorder();
      const calling = getRpcTransport({ transportUrl: url, logger: silent, rpcResponseTimeout: 20 });
      const serving = getRpcTransport({ transportUrl: url, logger: log, drainTimeout: '100ms' });
      const signals: AbortSignal[] = [];
      const server = getRpcServer(serving, new Target({ topic, server: 's' }), [
        {
          work: () => {
            const signal = getCurrentRequest()?.getSignal();
            if (!signal) throw new Error('no request');
            signals.push(signal);
            return new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
            });
          },
        },
      ]);
      await server.start();
      const client = getRpcClient(calling, new Target({ topic }));
      const call = client.call({}, 'work').catch((error: unknown) => error);
      await client.cast({}, 'work');
      await eventually(() => expect(signals).toHaveLength(2));
      const stopping = server.stop();
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
      await stopping;
      for (const { reason } of signals) expect(reason).toBeInstanceOf(ServerStopped);
      await eventually(() => expect(log.messages(/^Stopped "work": The server has stopped/, 'debug')).toHaveLength(2));
      expect(log.messages(/Exception while handling/)).toEqual([]);
      await serving.cleanup();
      await calling.cleanup();
      await call;
    });
  });
}
