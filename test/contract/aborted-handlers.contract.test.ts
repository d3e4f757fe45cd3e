import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCurrentRequest, getRpcClient, type RPCClient, Target } from 'nestjs-oslo-messaging';
import { prometheus } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { beforeEach, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { transports, useRpc } from './rpc-stage.js';

const LONG_MS = 60_000;

const open = () => {
  const signal = getCurrentRequest()?.getSignal();
  if (!signal) throw new Error('no request');
  return signal;
};

/** Rejects when the signal aborts, with the error that is made then. */
const rejectedBy = (signal: AbortSignal, make: () => unknown) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(make()), { once: true }));

const abortError = (cause: unknown) => Object.assign(new DOMException('Aborted', 'AbortError'), { cause });

/** Handlers that stop by their signal. */
const stopping = {
  timer: () => sleep(LONG_MS, undefined, { signal: open() }),
  event: () => once(new EventTarget(), 'never', { signal: open() }),
  fetching: () => {
    const signal = open();
    return rejectedBy(signal, () => abortError(signal.reason));
  },
  wrapped: () => {
    const signal = open();
    return rejectedBy(signal, () => abortError(abortError(signal.reason)));
  },
  joined: () => sleep(LONG_MS, undefined, { signal: AbortSignal.any([open(), new AbortController().signal]) }),
};

/** Handlers that fail after their signal has aborted, but not because of it, or with an error of their own. */
const failing = {
  other: () => rejectedBy(open(), () => abortError(new Error('of another signal'))),
  unknown: () => rejectedBy(open(), () => new DOMException('of any signal', 'AbortError')),
  own: () => {
    const signal = open();
    return rejectedBy(signal, () => new TypeError('not cleaned up', { cause: signal.reason }));
  },
};

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`A handler that ends by an AbortError on ${name}`, () => {
    const { connect, serve } = useRpc(url);
    let log: LogRecorder;
    let register: Registry;
    let client: RPCClient;

    beforeEach(async () => {
      const topic = uniqueTopic();
      log = new LogRecorder();
      register = new Registry();
      const instrumentation = [prometheus({ register })];
      await serve(topic, 's', [{ ...stopping, ...failing }], { transport: connect({ logger: log, instrumentation }) });
      const transport = connect({ rpcResponseTimeout: 20 });
      await transport.connect();
      client = getRpcClient(transport, new Target({ topic }));
    });

    /** Gives up a call once its request is handled, or by its deadline. */
    async function giveUp(method: string, by: 'signal' | 'deadline'): Promise<void> {
      const controller = new AbortController();
      const context = client.prepare(by === 'signal' ? { signal: controller.signal } : { timeout: 2 });
      const call = context.call({}, method).catch((error: unknown) => error);
      await eventually(async () =>
        expect(await register.metrics()).toMatch(/rpc_server_invocation_start_total\{.* 1$/m),
      );
      if (by === 'signal') controller.abort(new Error('enough'));
      await call;
      await eventually(async () => expect(await register.metrics()).toMatch(/rpc_server_exception_total\{.* 1$/m));
    }

    const failures = async () =>
      [...(await register.metrics()).matchAll(/rpc_server_exception_total\{.*exception="(\w+)"/g)].map(
        ([, exception]) => exception,
      );

    it.each(Object.keys(stopping))('has the reason of its signal, where that is the cause: %s', async (method) => {
      await giveUp(method, 'signal');
      await eventually(() =>
        expect(log.messages(/^Stopped/, 'debug')).toEqual([
          expect.stringContaining(`Stopped "${method}": The caller of "${method}" has cancelled it: enough (`),
        ]),
      );
      expect(log.messages(/Exception while handling|AbortError/)).toEqual([]);
      expect(await failures()).toEqual(['RequestCancelled']);
    });

    it('has it at the deadline, too', async () => {
      await giveUp('timer', 'deadline');
      await eventually(() => expect(log.messages(/^Stopped "timer": .* has given up/, 'debug')).toHaveLength(1));
      expect(log.messages(/Exception while handling|AbortError/)).toEqual([]);
      expect(await failures()).toEqual(['RequestExpired']);
    });

    it.each([
      ['other', 'DOMException'],
      ['unknown', 'DOMException'],
      ['own', 'TypeError'],
    ])('fails with its own error, where that has another cause: %s', async (method, exception) => {
      await giveUp(method, 'signal');
      await eventually(() => expect(log.messages(/^Exception while handling/, 'error')).toHaveLength(1));
      expect(log.messages(/^Stopped/)).toEqual([]);
      expect(await failures()).toEqual([exception]);
    });
  });
}
