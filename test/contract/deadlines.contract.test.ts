import {
  CallerGone,
  type CurrentRequest,
  getCurrentRequest,
  getRpcClient,
  MessagingTimeout,
  RequestExpired,
  type RPCClient,
  runWithRequestContext,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LagProbe } from '../support/lag-probe.js';
import { type Args, transports, useRpc } from './rpc-stage.js';

/** Deadline of the first caller, in seconds. */
const SHORT = 1.5;
/** Deadline that must not matter, in seconds. */
const LONG = 20;
/** Maximum difference of a signal to the deadline, in milliseconds. */
const PRECISION_MS = 50;

const current = () => {
  const request = getCurrentRequest();
  if (!request) throw new Error('no request');
  return request;
};

/** Resolves with the reason of the current request's signal, and with the time at which it came. */
function aborted(): Promise<{ reason: unknown; at: number }> {
  const signal = current().getSignal();
  return new Promise((resolve) => {
    const end = () => resolve({ reason: signal.reason, at: performance.now() });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`Deadlines on ${name}`, () => {
    const { connect, serve, clientOf } = useRpc(url);
    const lag = new LagProbe();
    let topic: string;
    let seen: unknown[];

    beforeEach(() => {
      topic = uniqueTopic();
      seen = [];
      lag.start();
    });
    afterEach(() => lag.stop());

    /** Client whose calls may take long by themselves. */
    const nested = (to: string): RPCClient =>
      getRpcClient(connect({ rpcResponseTimeout: LONG }), new Target({ topic: to }));

    /** Client whose connection is up: its deadlines are the broker's and the server's only. */
    async function connectedTo(to: string): Promise<RPCClient> {
      const transport = connect();
      await transport.connect();
      return getRpcClient(transport, new Target({ topic: to }));
    }

    /** Serves one method, `run`. */
    const serveRun = (run: (ctxt: unknown, args: Args) => unknown, options = {}, at = topic) =>
      serve(at, 's', [{ run }], { transport: connect(options) });

    /** Records what the handler of a nested request sees of its time. */
    const serveLeaf = (at: string) => serveRun(() => void seen.push(current().getRemainingTime()), {}, at);

    it('tell a handler the time that is left, and the same signal each time', async () => {
      await serveRun(() => {
        const request = current();
        seen.push(request.getMethod(), typeof request.getMessageId(), request.getSignal() === current().getSignal());
        return request.getRemainingTime();
      });
      const remaining = await clientOf(topic).prepare({ timeout: 5 }).call({}, 'run');
      expect(remaining).toBeGreaterThan(4);
      expect(remaining).toBeLessThanOrEqual(5);
      expect(seen).toEqual(['run', 'string', true]);
    });

    it('are none for a cast, and outside of requests', async () => {
      await serveRun(() => void seen.push(current().getRemainingTime(), current().getSignal().aborted));
      await clientOf(topic).cast({}, 'run');
      await eventually(() => expect(seen).toEqual([undefined, false]));
      expect(getCurrentRequest()).toBeUndefined();
    });

    it('abort the signal of A, B and C within 50 ms, and nothing nested starts after them', async () => {
      const [b, c] = [`${topic}-b`, `${topic}-c`];
      const toC = nested(c);
      const started: number[] = [];
      await serve(c, 's', [
        {
          sleep: async () => {
            seen.push(['C', await aborted()]);
            // Its reply could reach B in time.
            await new Promise(() => undefined);
          },
          count: () => void started.push(performance.now()),
        },
      ]);
      const late: unknown[] = [];
      await serveRun(
        async () => {
          const mine = aborted().then((end) => seen.push(['B', end]));
          await toC.call({}, 'sleep').catch((error: unknown) => late.push(error));
          await mine;
          await toC.call({}, 'count').catch((error: unknown) => late.push(error));
          throw late[0];
        },
        {},
        b,
      );
      await toC.call({}, 'count');
      const began = performance.now();
      const error = await nested(b)
        .prepare({ timeout: 2 })
        .call({}, 'run')
        .catch((thrown: unknown) => thrown);
      const ended = performance.now();
      expect(error).toBeInstanceOf(MessagingTimeout);
      await eventually(() => expect([seen, late]).toMatchObject([{ length: 2 }, { length: 2 }]));
      const missed = lag.since(began);
      for (const [who, { reason, at }] of seen as [string, Awaited<ReturnType<typeof aborted>>][]) {
        expect(reason, who).toBeInstanceOf(RequestExpired);
        expect(Math.abs(at - (began + 2000)) - missed, who).toBeLessThan(PRECISION_MS);
      }
      expect(Math.abs(ended - (began + 2000)) - missed).toBeLessThan(PRECISION_MS);
      expect(late).toEqual([expect.any(MessagingTimeout), expect.any(MessagingTimeout)]);
      expect(String(late[0])).toContain('the caller of the request that is being handled has given up');
      expect(String(late[1])).toMatch(/"count" on .* was not called: the caller of the request .* has given up/);
      expect(started).toHaveLength(1);
    });

    it('bound nested calls, but only while they are the shorter ones', async () => {
      const leaf = `${topic}-leaf`;
      const client = nested(leaf);
      await serveLeaf(leaf);
      await serveRun(async () => {
        await client.call({}, 'run');
        await client.prepare({ timeout: 1 }).call({}, 'run');
        await runWithRequestContext({ user: 'other' }, () => client.call({}, 'run'));
      });
      await clientOf(topic).prepare({ timeout: 5 }).call({}, 'run');
      const [inherited, own, elevated] = seen as number[];
      for (const bounded of [inherited, elevated]) {
        expect(bounded).toBeGreaterThan(3);
        expect(bounded).toBeLessThanOrEqual(5);
      }
      expect(own).toBeLessThanOrEqual(1);
    });

    it.each([
      ['of casts', 'cast', {}, {}],
      ['with propagateDeadlines: false of the transport', 'call', { propagateDeadlines: false }, {}],
      ['with propagateDeadlines: false of the call', 'call', {}, { propagateDeadlines: false }],
    ] as const)('do not bound nested requests %s', async (_what, kind, options, changes) => {
      const leaf = `${topic}-leaf`;
      const transport = connect({ rpcResponseTimeout: LONG, ...options });
      const client = getRpcClient(transport, new Target({ topic: leaf }));
      await serveLeaf(leaf);
      await serveRun(async () => {
        await aborted();
        await client.prepare(changes)[kind]({}, 'run');
      });
      // The handler goes on at the deadline, when its reply may still be in time.
      const short = (await connectedTo(topic)).prepare({ timeout: SHORT });
      await short.call({}, 'run').catch(() => undefined);
      await eventually(() => expect(seen).toHaveLength(1));
      if (kind === 'call') expect(seen[0]).toBeGreaterThan(LONG / 2);
    });

    it('do not bound the nested calls of a request that is delivered at least once, or is answered already', async () => {
      const leaf = `${topic}-leaf`;
      const client = nested(leaf);
      await serveLeaf(leaf);
      await serveRun(
        async () => {
          await aborted();
          await client.call({}, 'run');
        },
        { delivery: 'at-least-once' },
      );
      // The handler goes on at the deadline, when its reply may still be in time.
      const short = (await connectedTo(topic)).prepare({ timeout: SHORT });
      await short.call({}, 'run').catch(() => undefined);
      await eventually(() => expect(seen).toHaveLength(1));
      expect(seen[0]).toBeGreaterThan(LONG / 2);

      let goOn = () => undefined as unknown;
      const answered = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const background = `${topic}-background`;
      await serveRun(
        () => {
          const signal = current().getSignal();
          void answered.then(() => client.call({}, 'run')).then(() => seen.push(signal.aborted));
        },
        {},
        background,
      );
      await clientOf(background).prepare({ timeout: 5 }).call({}, 'run');
      goOn();
      await eventually(() => expect(seen).toHaveLength(3));
      expect(seen[1]).toBeGreaterThan(LONG / 2);
      expect(seen[2]).toBe(false);
    });

    it('are the remaining time of a call that a client interceptor holds back', async () => {
      await serveLeaf(topic);
      const hold = connect({
        clientInterceptors: [
          async (message, next) => {
            await message.deadline.pause(Number(message.args && Reflect.get(message.args, 'hold')));
            return next(message);
          },
        ],
      });
      const client = getRpcClient(hold, new Target({ topic }));
      await client.prepare({ timeout: 10 }).call({}, 'run', { hold: 500 });
      expect(seen[0]).toBeLessThanOrEqual(9.51);
      await expect(client.prepare({ timeout: 2 }).call({}, 'run', { hold: 5000 })).rejects.toThrow(
        /"run" on .* was not called: its deadline has passed/,
      );
      expect(seen).toHaveLength(1);
    });

    it('do not matter to the signal of a handler that has returned', async () => {
      const signals: AbortSignal[] = [];
      const requests: CurrentRequest[] = [];
      await serveRun(() => {
        signals.push(current().getSignal());
        requests.push(current());
      });
      // Nobody asks for the signal of this one in time.
      await serveRun(() => void requests.push(current()), {}, `${topic}-unasked`);
      await (await connectedTo(`${topic}-unasked`)).prepare({ timeout: SHORT }).call({}, 'run');
      const client = (await connectedTo(topic)).prepare({ timeout: SHORT });
      await client.call({}, 'run');
      // The deadline of this one passes later.
      await serveRun(() => new Promise(() => undefined), {}, `${topic}-hanging`);
      await expect(clientOf(`${topic}-hanging`).prepare({ timeout: SHORT }).call({}, 'run')).rejects.toThrow();
      expect(signals.map(({ aborted: isAborted }) => isAborted)).toEqual([false]);
      expect(requests.map((request) => [request.getRemainingTime(), request.getSignal().aborted])).toEqual([
        [0, false],
        [0, false],
      ]);
    });
  });

  describeOn(`A caller that is gone on ${name}`, () => {
    const { connect, serve } = useRpc(url);

    it('aborts the signal of its request at the next heartbeat, and the nested calls', async () => {
      const topic = uniqueTopic();
      const leaf = `${topic}-leaf`;
      const seen: unknown[] = [];
      let begin = () => undefined as unknown;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const toLeaf = getRpcClient(connect({ rpcResponseTimeout: LONG }), new Target({ topic: leaf }));
      await serve(leaf, 's', [{ run: () => new Promise(() => begin()) }]);
      await serve(topic, 's', [
        {
          run: async () => {
            const mine = aborted();
            const error: unknown = await toLeaf.call({}, 'run').catch((thrown: unknown) => thrown);
            seen.push(error, (await mine).reason);
          },
        },
      ]);
      const calling = connect();
      const client = getRpcClient(calling, new Target({ topic })).prepare({ callMonitorTimeout: 2, timeout: LONG });
      const call = client.call({}, 'run');
      await begun;
      const gone = performance.now();
      await Promise.all([calling.cleanup(), expect(call).rejects.toThrow()]);
      await eventually(() => expect(seen).toHaveLength(2));
      // A heartbeat is due each second.
      expect(performance.now() - gone).toBeLessThan(LONG * 500);
      expect(seen[0]).toBeInstanceOf(CallerGone);
      expect(seen[0]).toMatchObject({ code: 'CALLER_GONE', method: 'run' });
      expect(seen[1]).toBe(seen[0]);
    });
  });
}
