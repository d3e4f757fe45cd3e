import { Controller, type INestMicroservice } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  ConfigurationError,
  getCurrentRequest,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingTimeout,
  type OsloMessagingOptions,
  OsloRpcContext,
  OsloServer,
  type OutgoingMessage,
  type RetryPolicy,
  RpcEndpoint,
  RpcMethod,
  type SendNext,
  ServerOverloaded,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { fakeTime, passing } from '../../support/fake-time.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const POLICY: RetryPolicy = { methods: ['get'], delay: '5ms', maxDelay: '20ms' };
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const close of open.splice(0).reverse()) await close();
});

function connect(options: OsloMessagingOptions = {}): Transport {
  const transport = getRpcTransport({ transportUrl: 'memory://', rpcResponseTimeout: 10, logger: silent, ...options });
  open.push(() => transport.cleanup());
  return transport;
}

async function serve(transport: Transport, topic: string, endpoint: object): Promise<void> {
  const server = getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]);
  open.push(() => server.stop({ graceful: false }));
  await server.start();
}

/** Fault on the way: the first attempts of each message fail. */
function failing(times: number, error: () => Error = () => new MessageDeliveryFailure('refused')) {
  const attempts: OutgoingMessage[] = [];
  const client = (message: OutgoingMessage, next: SendNext) => {
    attempts.push(message);
    return message.attempt <= times ? Promise.reject(error()) : next(message);
  };
  return { attempts, client };
}

const clientOf = (transport: Transport, topic: string, retryPolicy: RetryPolicy = POLICY) =>
  getRpcClient(transport, new Target({ topic }), { retryPolicy });

describe('A retry policy', () => {
  const echo = { get: (_ctxt: unknown, args: object) => args, put: (_ctxt: unknown, args: object) => args };

  it.each([
    ['MessageDeliveryFailure', () => new MessageDeliveryFailure('refused')],
    ['MessageUndeliverable', () => new MessageUndeliverable('nobody')],
    ['MessagingTimeout', () => new MessagingTimeout('late')],
    ['ServerOverloaded', () => new ServerOverloaded('full')],
  ])('repeats a call after a %s, up to its number of attempts', async (_name, error) => {
    const topic = uniqueTopic();
    const fault = failing(2, error);
    const transport = connect({ instrumentation: [fault] });
    await serve(transport, topic, echo);
    expect(await clientOf(transport, topic).call({}, 'get', { a: 1 })).toEqual({ a: 1 });
    expect(fault.attempts.map(({ attempt, context }) => [attempt, context.rpc_attempt])).toEqual([
      [1, undefined],
      [2, 2],
      [3, 3],
    ]);
    expect(transport.counts.retries).toBe(2);
    await expect(clientOf(transport, topic, { ...POLICY, attempts: 2 }).call({}, 'get')).rejects.toThrow(
      error().message,
    );
    expect(fault.attempts).toHaveLength(5);
  });

  it('counts the attempts of nested requests anew', async () => {
    const topic = uniqueTopic();
    const fault = failing(1);
    const front = connect({ instrumentation: [fault] });
    const back = connect();
    const inner = getRpcClient(back, new Target({ topic: `${topic}-inner` }));
    const seen: unknown[] = [];
    const note = (ctxt: { rpc_attempt?: unknown }) => void seen.push(ctxt.rpc_attempt);
    await serve(back, `${topic}-inner`, { note });
    // Python's way gives the context on; without one, the request's own is inherited.
    const get = async (ctxt: object) => {
      seen.push((ctxt as { rpc_attempt?: unknown }).rpc_attempt);
      await inner.call(ctxt, 'note');
      await inner.call(undefined, 'note');
    };
    await serve(front, topic, { get });
    await clientOf(front, topic).call({}, 'get');
    expect(seen).toEqual([2, undefined, undefined]);
  });

  it('refuses a policy that is no object by the name of the option', () => {
    const transport = connect();
    expect(() => clientOf(transport, 't', 7 as never)).toThrow('Option "retryPolicy": expected an object; got 7');
  });

  it('repeats a cast, too', async () => {
    const topic = uniqueTopic();
    const fault = failing(1);
    const transport = connect({ instrumentation: [fault] });
    await serve(transport, topic, echo);
    await clientOf(transport, topic).cast({}, 'get');
    expect(fault.attempts).toHaveLength(2);
  });

  it('repeats no other method, and nothing that a server or the caller is to blame for', async () => {
    const topic = uniqueTopic();
    const fault = failing(1);
    const transport = connect({ instrumentation: [fault] });
    let runs = 0;
    const fail = () => {
      runs++;
      throw new RangeError('refused by the handler');
    };
    await serve(connect(), topic, { ...echo, get: fail });
    await expect(clientOf(transport, topic).call({}, 'put')).rejects.toBeInstanceOf(MessageDeliveryFailure);
    expect(fault.attempts).toHaveLength(1);
    await expect(clientOf(connect(), topic).call({}, 'get')).rejects.toMatchObject({ excType: 'ValueError' });
    expect(runs).toBe(1);
  });

  it.each([
    { random: 0.01, pauses: [1, 2, 3, 3] },
    { random: 0.25, pauses: [25, 50, 75, 75] },
    { random: 0.5, pauses: [50, 100, 150, 150] },
  ])('pauses for a random part of a bound that doubles up to maxDelay: $random of it', async ({ random, pauses }) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    fakeTime();
    const times: number[] = [];
    const client = () => {
      times.push(performance.now());
      return Promise.reject(new MessageDeliveryFailure('refused'));
    };
    const policy: RetryPolicy = { methods: ['get'], attempts: 5, delay: '100ms', maxDelay: '300ms' };
    const call = clientOf(connect({ instrumentation: [{ client }] }), uniqueTopic(), policy).call({}, 'get');
    await expect(passing(call)).rejects.toThrow('refused');
    expect(times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)))).toEqual(pauses);
  });

  it('ends at the deadline of the call, with the error of the last attempt', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    const topic = uniqueTopic();
    const fault = failing(100);
    const transport = connect({ instrumentation: [fault] });
    const policy = { ...POLICY, attempts: 100, delay: '60ms', maxDelay: '60ms' };
    const began = performance.now();
    const calling = getRpcClient(transport, new Target({ topic }), { retryPolicy: policy, timeout: '300ms' });
    await expect(calling.call({}, 'get')).rejects.toThrow('refused');
    expect(performance.now() - began).toBeLessThan(305);
    expect(fault.attempts.length).toBeGreaterThan(3);
    expect(fault.attempts.length).toBeLessThan(12);
  });

  it('bounds an attempt, and answers from the next one', async () => {
    const topic = uniqueTopic();
    const transport = connect();
    let runs = 0;
    // The first request is lost in a server that hangs.
    await serve(transport, topic, { get: () => (++runs === 1 ? new Promise(() => undefined) : 'answer') });
    const began = performance.now();
    expect(await clientOf(transport, topic, { ...POLICY, attemptTimeout: '80ms' }).call({}, 'get')).toBe('answer');
    expect(performance.now() - began).toBeGreaterThan(80);
    expect(runs).toBe(2);
  });

  it('ends at once when the transport is closed', async () => {
    const transport = connect({ instrumentation: [failing(100)] });
    const calling = clientOf(transport, uniqueTopic(), { ...POLICY, delay: '1h', maxDelay: '1h' });
    const call = calling.prepare({ timeout: '24h' }).call({}, 'get');
    const refused = expect(call).rejects.toThrow('refused');
    await transport.cleanup();
    await refused;
  });

  it('ends at once when the signal of the call aborts', async () => {
    const fault = failing(100);
    const giveUp = new AbortController();
    const calling = clientOf(connect({ instrumentation: [fault] }), uniqueTopic(), {
      ...POLICY,
      delay: '1h',
      maxDelay: '1h',
    });
    const call = calling.prepare({ timeout: '24h', signal: giveUp.signal }).call({}, 'get');
    const reason = new RangeError('enough');
    const refused = expect(call).rejects.toBe(reason);
    await eventually(() => expect(fault.attempts).toHaveLength(1));
    giveUp.abort(reason);
    await refused;
    expect(fault.attempts).toHaveLength(1);
  });

  it('leaves the timeout of a method as it is when only its short attempts have timed out', async () => {
    const topic = uniqueTopic();
    const log = new LogRecorder();
    const transport = connect({ rpcResponseTimeout: 600, logger: log });
    await serve(transport, topic, { get: () => new Promise(() => undefined) });
    const retryPolicy = { ...POLICY, attemptTimeout: '20ms' } as const;
    const began = performance.now();
    const client = new BackingOffClient(transport, new Target({ topic }), { retryPolicy });
    await expect(client.call({}, 'get')).rejects.toBeInstanceOf(MessagingTimeout);
    // No random pause of up to ten minutes.
    expect(performance.now() - began).toBeLessThan(5000);
    expect(transport.grownTimeouts()).toEqual(new Map());
    // On a slow machine, the server also says that it drops expired requests.
    expect(log.messages(/No reply to|the timeout of calls/)).toEqual([]);
  });

  it('counts the attempts of a nested request anew', async () => {
    const topic = uniqueTopic();
    const first = ({ method, attempt }: OutgoingMessage) => method === 'outer' && attempt === 1;
    const client = (message: OutgoingMessage, next: SendNext) =>
      first(message) ? Promise.reject(new MessageDeliveryFailure('refused')) : next(message);
    const transport = connect({ instrumentation: [{ client }] });
    const nested = clientOf(transport, topic);
    await serve(transport, topic, {
      outer: async (ctxt: object) => [ctxt, await nested.call(undefined, 'get'), await nested.call(ctxt, 'get')],
      get: (ctxt: object) => ctxt,
    });
    expect(await clientOf(transport, topic, { ...POLICY, methods: ['outer'] }).call({ user: 'u' }, 'outer')).toEqual([
      { user: 'u', rpc_attempt: 2 },
      { user: 'u' },
      { user: 'u' },
    ]);
  });

  it('adds a tenth to the load of a target that always fails, whatever the number of callers and methods', async () => {
    const topic = uniqueTopic();
    const fault = failing(100);
    const transport = connect({ instrumentation: [fault] });
    const policy: RetryPolicy = { methods: ['get', 'put'], attempts: 10, delay: 0 };
    const callers = Array.from({ length: 20 }, () => clientOf(transport, topic, { ...policy }));
    const failures = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const calls = callers.map((caller, index) => caller.call({}, index % 2 ? 'get' : 'put'));
        const outcomes = await Promise.allSettled(calls);
        expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
      }
    };
    await failures(10);
    const before = fault.attempts.length;
    await failures(100);
    const load = (fault.attempts.length - before) / 2000;
    expect(load).toBeGreaterThan(1.05);
    expect(load).toBeLessThanOrEqual(1.1);
    expect(transport.counts.refusedRetries).toBeGreaterThan(1000);
    // Another target has a budget of its own.
    await clientOf(transport, uniqueTopic(), policy)
      .call({}, 'get')
      .catch(() => undefined);
    expect(fault.attempts.at(-1)?.attempt).toBe(10);
  });

  it('refuses unknown options, and a policy that can repeat nothing', () => {
    const refusal = (policy: unknown) => {
      try {
        clientOf(connect(), 't', policy as RetryPolicy);
        return undefined;
      } catch (error) {
        return error instanceof ConfigurationError ? error.message : error;
      }
    };
    expect(refusal({ methods: ['a'], atempts: 1 })).toMatch(
      /Unknown option "retryPolicy.atempts"; did you mean "retryPolicy.attempts"/,
    );
    expect(refusal({})).toBe('Option "retryPolicy.methods": expected an array of non-empty strings; got null');
    expect(refusal({ methods: 'get' })).toMatch(
      /"retryPolicy.methods": expected an array of non-empty strings; got "get"/,
    );
    expect(refusal({ methods: [], budget: 11 })).toMatch(
      /"retryPolicy.budget": expected a number from 0 to 10; got 11/,
    );
  });

  it('shows a handler the number of the attempt', async () => {
    const topic = uniqueTopic();
    @Controller()
    @RpcEndpoint({ topic })
    class Attempts {
      @RpcMethod()
      get(@Ctx() context: OsloRpcContext): number {
        return context.getAttempt();
      }
    }
    const module = await Test.createTestingModule({ controllers: [Attempts] }).compile();
    const options = { transportUrl: 'memory://', logger: silent };
    const app: INestMicroservice = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    open.push(() => app.close());
    await app.listen();
    expect(await clientOf(connect(), topic).call({}, 'get')).toBe(1);
    expect(await clientOf(connect({ instrumentation: [failing(2)] }), topic).call({}, 'get')).toBe(3);
  });

  it('counts the attempts of each request alone, though a handler passes its context on', async () => {
    const [outer, inner] = [uniqueTopic(), uniqueTopic()];
    const transport = connect();
    const casts: unknown[] = [];
    const attempt = () => getCurrentRequest()?.getAttempt();
    await serve(transport, inner, {
      get: (context: object) => [attempt(), context],
      record: (context: object) => void casts.push([attempt(), context]),
    });
    const client = getRpcClient(transport, new Target({ topic: inner }));
    await serve(transport, outer, {
      get: async (context: object) => {
        await client.cast(undefined, 'record');
        return [attempt(), await client.call(undefined, 'get'), await client.call(context, 'get')];
      },
    });
    const failingOnce = connect({ instrumentation: [failing(1)] });
    const given = { request_id: 'req-1' };
    const first = [1, given];
    expect(await clientOf(failingOnce, outer).call(given, 'get')).toEqual([2, first, first]);
    await eventually(() => expect(casts).toEqual([first]));
  });
});

describeWithRabbit('A retry policy on RabbitMQ', () => {
  it('reaches a server that starts between two attempts', async () => {
    const topic = uniqueTopic();
    const started: Promise<void>[] = [];
    const server = connect({ transportUrl: rabbitUrl });
    const client = (message: OutgoingMessage, next: SendNext) => {
      if (message.attempt === 2) started.push(serve(server, topic, { get: () => 'there' }));
      return Promise.all(started).then(() => next(message));
    };
    const transport = connect({ transportUrl: rabbitUrl, instrumentation: [{ client }] });
    await expect(getRpcClient(transport, new Target({ topic })).call({}, 'get')).rejects.toBeInstanceOf(
      MessageUndeliverable,
    );
    expect(await clientOf(transport, topic).call({}, 'get')).toBe('there');
  });
});
