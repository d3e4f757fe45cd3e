import {
  type BatchedNotification,
  getBatchNotificationListener,
  getNotificationListener,
  getRpcClient,
  getRpcTransport,
  type Instrumentation,
  Notifier,
  type OutgoingMessage,
  type RpcClientInterceptor,
  type SendNext,
  type ServedNotifications,
  type ServedRequest,
  Target,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Endpoint, Missing, transports, useRpc } from './rpc-stage.js';

/** Link that adds a key to the request context of every message. */
const withKey: RpcClientInterceptor = (message, next) =>
  next({ ...message, context: { ...message.context, key: 'k' } });

/** Link that records what it sees before and after. */
function recording(name: string, seen: string[]): RpcClientInterceptor {
  return async (message, next) => {
    seen.push(`${name} > ${message.kind} ${message.method}`);
    const result = await next(message).catch((error: Error) => {
      seen.push(`${name} < ${error.message}`);
      throw error;
    });
    seen.push(`${name} < ${JSON.stringify(result)}`);
    return result;
  };
}

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`Client interceptors on ${name}`, () => {
    const { connect, serve } = useRpc(url);

    it('pass calls and casts in their order, and see results and errors', async () => {
      const topic = uniqueTopic();
      const seen: string[] = [];
      const endpoint = new Endpoint();
      await serve(topic, 's', [endpoint]);
      const transport = connect({ clientInterceptors: [recording('a', seen), recording('b', seen)] });
      const client = getRpcClient(transport, new Target({ topic }));
      expect(await client.call({}, 'echo', { value: 7 })).toBe(7);
      await expect(client.call({}, 'fail', { kind: 'missing' })).rejects.toBeInstanceOf(Missing);
      await client.cast({}, 'record', { n: 1 });
      expect(seen).toEqual([
        ...['a > call echo', 'b > call echo', 'b < 7', 'a < 7'],
        ...['a > call fail', 'b > call fail', 'b < v1 is missing', 'a < v1 is missing'],
        ...['a > cast record', 'b > cast record', 'b < undefined', 'a < undefined'],
      ]);
    });

    it('add keys of the request context, and change arguments and target', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 's', [endpoint]);
      const redirect: RpcClientInterceptor = (message, next) =>
        next({ ...message, target: message.target.with({ topic }), args: { value: 'changed' } });
      const transport = connect({ clientInterceptors: [withKey, redirect] });
      const client = getRpcClient(transport, new Target({ topic: uniqueTopic('nobody') }));
      expect(await client.call({ user: 'u' }, 'context')).toEqual({ user: 'u', key: 'k' });
      expect(await client.call({}, 'echo', { value: 'given' })).toBe('changed');
    });

    it('can answer, repeat and refuse a call without sending it', async () => {
      const topic = uniqueTopic();
      await serve(topic, 's', [new Endpoint()]);
      const callBy = (link: unknown) => {
        const transport = connect({ clientInterceptors: [link as RpcClientInterceptor] });
        return getRpcClient(transport, new Target({ topic })).call({}, 'echo', { value: 1 });
      };
      expect(await callBy(async () => 'cached')).toBe('cached');
      expect(
        await callBy(async (message: OutgoingMessage, next: SendNext) => [await next(message), await next(message)]),
      ).toEqual([1, 1]);
      await expect(
        callBy(() => {
          throw new Missing('m', 0);
        }),
      ).rejects.toBeInstanceOf(Missing);
      await expect(callBy((_message: OutgoingMessage, next: () => Promise<unknown>) => next())).rejects.toThrow(
        'clientInterceptors: next(message) expects the message, or a copy of it with changes; got undefined',
      );
      await expect(
        callBy((message: OutgoingMessage, next: SendNext) => next({ ...message, args: [1] })),
      ).rejects.toThrow('Arguments of "echo": expected an object of keyword arguments; got an array');
    });

    it('are told to return a promise', async () => {
      const topic = uniqueTopic();
      await serve(topic, 's', [new Endpoint()]);
      const forgetful = (message: OutgoingMessage, next: SendNext) => void next(message);
      const client = getRpcClient(connect({ clientInterceptors: [forgetful as never] }), new Target({ topic }));
      const told =
        'clientInterceptors: an interceptor must return a promise, that of next() usually; it returned undefined';
      await expect(client.call({}, 'whoami')).rejects.toThrow(told);
      await expect(client.cast({}, 'whoami')).rejects.toThrow(told);
      const notifier = new Notifier(connect({ clientInterceptors: [(() => 5) as never] }), { topics: [topic] });
      await expect(notifier.info({}, 'e', 1)).rejects.toThrow('it returned a number');
    });

    it('are told from text that is no message, also where another one follows', async () => {
      const topic = uniqueTopic();
      await serve(topic, 's', [new Endpoint()]);
      const giving = (changed: (message: OutgoingMessage) => unknown) => {
        const link: RpcClientInterceptor = (message, next) => next(changed(message) as OutgoingMessage);
        const transport = connect({ clientInterceptors: [link], slowCallThreshold: '1ms' });
        const options = { retryPolicy: { methods: ['whoami'] } };
        return [
          getRpcClient(transport, new Target({ topic }), options).call({}, 'whoami'),
          getRpcClient(transport, new Target({ topic }), options).cast({}, 'whoami'),
          new Notifier(transport, { topics: [topic] }).info({}, 'e', 1),
        ];
      };
      const noMessage = 'clientInterceptors: next(message) expects the message, or a copy of it with changes; got';
      for (const sent of giving(() => undefined)) await expect(sent).rejects.toThrow(`${noMessage} undefined`);
      for (const sent of giving((message) => ({ ...message, deadline: 5 })))
        await expect(sent).rejects.toThrow(noMessage);
      for (const sent of giving((message) => ({ ...message, context: null })))
        await expect(sent).rejects.toThrow('clientInterceptors: context: expected an object with fields; got null');
    });

    it('leave no unhandled rejection when they wait for something else first', async () => {
      const topic = uniqueTopic();
      await serve(topic, 's', [new Endpoint()]);
      const unhandled: unknown[] = [];
      const note = (error: unknown) => unhandled.push(error);
      process.on('unhandledRejection', note);
      const transport = connect();
      const busy: RpcClientInterceptor = async (message, next) => {
        const sent = next(message);
        // The reply to this call comes after the failure of the other one.
        await getRpcClient(transport, new Target({ topic })).call({}, 'echo', { value: 1 });
        await new Promise((resolve) => setImmediate(resolve));
        return sent;
      };
      const client = getRpcClient(
        connect({ clientInterceptors: [busy] }),
        new Target({ topic: uniqueTopic('nobody') }),
      );
      await expect(client.call({}, 'whoami')).rejects.toThrow('No queue is bound');
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    });

    it.each<[string, number, RpcClientInterceptor]>([
      ['answer before it', 1, (message, next) => [Promise.resolve('mine'), next(message)][0] as Promise<unknown>],
      ['send twice', 2, (message, next) => [next(message), next(message)][0]?.catch(() => 'mine') ?? Promise.reject()],
      [
        'send later, and answer before',
        1,
        (message, next) => {
          setImmediate(() => void next(message));
          return Promise.resolve('mine');
        },
      ],
    ])('leave no unhandled rejection behind when they %s', async (_name, sent, link) => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => unhandled.push(error);
      process.on('unhandledRejection', note);
      const transport = connect({ clientInterceptors: [link] });
      const nobody = new Target({ topic: uniqueTopic('nobody') });
      expect(await getRpcClient(transport, nobody).call({}, 'whoami')).toBe('mine');
      await eventually(() => expect(transport.counts.undeliverable).toBe(sent));
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    });

    it('pass notifications', async () => {
      const topic = uniqueTopic();
      const seen: string[] = [];
      const got: unknown[] = [];
      const transport = connect({ clientInterceptors: [recording('a', seen), withKey] });
      const endpoint = { info: (ctxt: unknown, _from: unknown, type: string) => void got.push([ctxt, type]) };
      const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
      await listener.start();
      await new Notifier(transport, { topics: [topic] }).info({ user_id: 'u' }, 'order.paid', 1);
      await eventually(() => expect(got).toEqual([[{ user_id: 'u', key: 'k' }, 'order.paid']]));
      expect(seen).toEqual(['a > notification order.paid', 'a < undefined']);
      await listener.stop();
    });

    it('run inside instrumentation never, and outside it always', async () => {
      const topic = uniqueTopic();
      const seen: string[] = [];
      await serve(topic, 's', [new Endpoint()]);
      const transport = connect({
        instrumentation: [{ client: recording('instrumentation', seen) }],
        clientInterceptors: [recording('interceptor', seen)],
      });
      await getRpcClient(transport, new Target({ topic })).call({}, 'whoami');
      expect(seen.map((line) => line.split(' ')[0])).toEqual([
        'interceptor',
        'instrumentation',
        'instrumentation',
        'interceptor',
      ]);
    });
  });

  describeOn(`Instrumentation on ${name}`, () => {
    const { connect, serve, clientOf } = useRpc(url);

    it('runs around requests, also those that no method answers', async () => {
      const topic = uniqueTopic();
      const seen: unknown[] = [];
      const server = async (served: ServedRequest, next: () => Promise<unknown>) => {
        const outcome = await next().then(
          (result) => result,
          (error: Error) => {
            seen.push(error.message);
            throw error;
          },
        );
        seen.push([served.request.method, served.handler, served.target.topic, served.wantsReply, outcome]);
        return outcome;
      };
      const around: Instrumentation['server'] = (served, next) => {
        seen.push(served.handler ?? 'nobody');
        return next();
      };
      const transport = connect({ instrumentation: [{ server }, { server: around }] });
      await serve(topic, 's', [new Endpoint()], { transport });
      expect(await clientOf(topic).call({}, 'echo', { value: 5 })).toBe(5);
      await expect(clientOf(topic).call({}, 'nothing')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
      await expect(clientOf(topic).call({}, 'fail', { kind: 'missing' })).rejects.toBeInstanceOf(Missing);
      expect(seen).toEqual([
        'Endpoint.echo',
        ['echo', 'Endpoint.echo', topic, true, 5],
        'nobody',
        'Endpoint does not support RPC method nothing',
        'Endpoint.fail',
        'v1 is missing',
      ]);
    });

    it('runs around each notification and batch, with the context as it was received', async () => {
      const topic = uniqueTopic();
      const seen: unknown[] = [];
      const listenerOf = (served: ServedNotifications, next: () => Promise<unknown>) => {
        seen.push([served.handler, served.notifications.map(({ eventType, context }) => [eventType, context])]);
        return next();
      };
      const transport = connect({ instrumentation: [{ listener: listenerOf }] });
      const endpoint = { info: (_batch: readonly BatchedNotification[]) => undefined };
      const listener = getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], { batchSize: 2 });
      await listener.start();
      const notifier = new Notifier(transport, { topics: [topic], context: 'whole' });
      await notifier.info({ traceparent: 'one' }, 'a', 1);
      await notifier.info({ traceparent: 'two' }, 'b', 2);
      await eventually(() => expect(seen).toHaveLength(1));
      expect(seen).toEqual([
        [
          'Object.info',
          [
            ['a', { traceparent: 'one' }],
            ['b', { traceparent: 'two' }],
          ],
        ],
      ]);
      await listener.stop();
    });
  });
}

it('names the values that were given instead of interceptors and instrumentation', () => {
  expect(() => getRpcTransport({ clientInterceptors: ['x'] as never })).toThrow(
    'Option "clientInterceptors": expected an array of functions (message, next) => Promise; got ["x"]',
  );
  expect(() => getRpcTransport({ instrumentation: [{ clients: () => undefined }] as never })).toThrow(
    /Option "instrumentation": expected an array of what openTelemetry\(\) or prometheus\(\) returns/,
  );
});
