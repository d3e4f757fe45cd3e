import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  type Span,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  getBatchNotificationListener,
  getNotificationListener,
  getRpcClient,
  MessageDeliveryFailure,
  Notifier,
  type OutgoingMessage,
  type SendNext,
  Target,
} from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';
import { describe, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type TracedSpan, useTraces } from '../support/traces.js';
import { Endpoint, Lookup, Missing, Namespaced, transports, useRpc } from './rpc-stage.js';

const STALE = '00-11111111111111111111111111111111-2222222222222222-01';

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`Traces on ${name}`, () => {
    const { connect, serve } = useRpc(url);
    const { spans, within } = useTraces();
    const traced = () => connect({ instrumentation: [openTelemetry()] });
    const system = name === 'rabbit' ? 'rabbitmq' : 'memory';

    /** Resolves with the spans of a kind, when there are as many. */
    const ended = (kind: string, count = 1): Promise<TracedSpan[]> =>
      eventually(() => {
        const found = spans().filter((span) => span.kind === kind);
        expect(found).toHaveLength(count);
        return found;
      });

    /** Serves an endpoint and returns a client, both on one traced transport. */
    async function pair(endpoint: object, fields: ConstructorParameters<typeof Target>[0] = {}) {
      const topic = uniqueTopic();
      const transport = traced();
      await serve(topic, 's', [endpoint], { transport });
      return { topic, transport, client: getRpcClient(transport, new Target({ topic, version: '1.0', ...fields })) };
    }

    it('a call is a CLIENT and a SERVER span of one trace, with attributes of both languages', async () => {
      const { topic, client } = await pair(new Endpoint());
      expect(await within('root', () => client.call({ request_id: 'req-1', user_id: 'u' }, 'echo', { value: 1 }))).toBe(
        1,
      );
      const [[sent], [served], [root]] = [await ended('CLIENT'), await ended('SERVER'), await ended('INTERNAL')];
      expect(sent).toMatchObject({ name: 'echo', traceId: root?.traceId, parentId: root?.spanId, failure: undefined });
      expect(served).toMatchObject({
        name: 'echo',
        traceId: root?.traceId,
        parentId: sent?.spanId,
        failure: undefined,
      });
      const common = {
        'rpc.system.name': 'oslo.messaging',
        'rpc.system': 'oslo.messaging',
        'rpc.method': 'echo',
        'messaging.system': system,
        'messaging.destination.name': topic,
        'messaging.message.id': expect.stringMatching(/^[0-9a-f]{32}$/),
        'openstack.request_id': 'req-1',
        'oslo_messaging.version': '1.0',
      };
      expect(sent?.attributes).toEqual({ ...common, 'messaging.operation': 'call' });
      expect(served?.attributes).toEqual({
        ...common,
        'messaging.operation': 'receive',
        'code.function.name': 'Endpoint.echo',
        'oslo_messaging.server': 's',
      });
      expect(served?.attributes['messaging.message.id']).toBe(sent?.attributes['messaging.message.id']);
    });

    it('methods of a namespace have its name before theirs', async () => {
      const { client } = await pair(new Namespaced(), { namespace: 'ns', version: '2.0' });
      await client.call({}, 'where');
      for (const [span] of [await ended('CLIENT'), await ended('SERVER')]) {
        expect(span?.name).toBe('ns.where');
        expect(span?.attributes).toMatchObject({ 'rpc.method': 'ns.where', 'rpc.service': 'ns' });
      }
    });

    it.each([{ fanout: false }, { fanout: true }])(
      'a cast is a PRODUCER and a CONSUMER span: %o',
      async ({ fanout }) => {
        const endpoint = new Endpoint();
        const { topic, client } = await pair(endpoint, { fanout });
        await client.cast({}, 'record', { n: 1 });
        const [[sent], [served]] = [await ended('PRODUCER'), await ended('CONSUMER')];
        expect(sent).toMatchObject({ name: `send ${topic}`, parentId: undefined });
        expect(sent?.attributes).toMatchObject({ 'messaging.operation': 'cast', 'messaging.operation.type': 'send' });
        expect(sent?.attributes['oslo_messaging.fanout']).toBe(fanout || undefined);
        expect(served).toMatchObject({ name: `process ${topic}`, traceId: sent?.traceId, parentId: sent?.spanId });
        expect(served?.attributes).toMatchObject({ 'rpc.method': 'record', 'messaging.operation.type': 'process' });
        expect(endpoint.got).toEqual([{ n: 1 }]);
      },
    );

    it('the span of a request is active in its handler, so that calls of the handler belong to it', async () => {
      const inner = await pair(new Endpoint());
      const outer = await pair({
        relay: async () => {
          await Promise.resolve();
          return [await inner.client.call({}, 'whoami'), propagation.getActiveBaggage()?.getEntry('tenant')?.value];
        },
      });
      const baggage = propagation.createBaggage({ tenant: { value: 'blue' } });
      const withBaggage = propagation.setBaggage(context.active(), baggage);
      const stale = { traceparent: STALE, baggage: 'tenant=green' };
      expect(await context.with(withBaggage, () => outer.client.call(stale, 'relay'))).toEqual(['a', 'blue']);
      const clients = await ended('CLIENT', 2);
      const servers = await ended('SERVER', 2);
      expect(new Set([...clients, ...servers].map(({ traceId }) => traceId)).size).toBe(1);
      const relayed = servers.find((span) => span.name === 'relay');
      expect(clients.find((span) => span.name === 'whoami')?.parentId).toBe(relayed?.spanId);
      expect(trace.getActiveSpan()).toBeUndefined();
    });

    it('a trace of an earlier request in the context is overwritten', async () => {
      const { client } = await pair(new Endpoint());
      const given = { traceparent: STALE, tracestate: 'old=1', baggage: 'old=1', user_id: 'u' };
      const got = await client.call<Record<string, string>>(given, 'context');
      const [sent] = await ended('CLIENT');
      expect(got).toEqual({ user_id: 'u', traceparent: `00-${sent?.traceId}-${sent?.spanId}-01` });
      expect(sent?.traceId).not.toBe(STALE.slice(3, 35));
      expect(given.traceparent).toBe(STALE);
    });

    it('the trace of a caller that is not traced here is continued', async () => {
      const topic = uniqueTopic();
      await serve(topic, 's', [new Endpoint()], { transport: traced() });
      await getRpcClient(connect(), new Target({ topic })).call({ traceparent: STALE }, 'whoami');
      const [served] = await ended('SERVER');
      expect(served).toMatchObject({ traceId: STALE.slice(3, 35), parentId: STALE.slice(36, 52) });
    });

    it('a notification is a PRODUCER and a CONSUMER span; a batch links to its notifications', async () => {
      const [topic, other] = [uniqueTopic(), uniqueTopic()];
      const transport = traced();
      const single = getNotificationListener(transport, [new Target({ topic })], [{ info: () => undefined }]);
      const batch = getBatchNotificationListener(
        transport,
        [new Target({ topic: other })],
        [{ info: () => undefined }],
        {
          batchSize: 2,
        },
      );
      await Promise.all([single.start(), batch.start()]);
      await new Notifier(transport, { topics: [topic] }).info({ request_id: 'req-2' }, 'order.paid', 1);
      const [sent] = await ended('PRODUCER');
      const [handled] = await ended('CONSUMER');
      expect(handled).toMatchObject({ name: `process ${topic}`, traceId: sent?.traceId, parentId: sent?.spanId });
      for (const span of [sent, handled])
        expect(span?.attributes).toMatchObject({
          'messaging.system': system,
          'messaging.destination.name': topic,
          'messaging.message.id': sent?.attributes['messaging.message.id'],
          'openstack.request_id': 'req-2',
          'oslo_messaging.event_type': 'order.paid',
          'oslo_messaging.priority': 'info',
        });
      const notifier = new Notifier(transport, { topics: [other] });
      for (const n of [1, 2]) await notifier.info({}, `order.${n}`, n);
      const [, ...senders] = await ended('PRODUCER', 3);
      const handlers = await ended('CONSUMER', 2);
      const both = handlers.find((span) => span.name === `process ${other}`);
      expect(both?.parentId).toBeUndefined();
      expect(both?.links).toEqual(senders.map(({ spanId }) => spanId));
      expect(both?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 });
      await Promise.all([single.stop(), batch.stop()]);
    });

    it('an error makes both spans fail, without secrets of the request', async () => {
      const { client } = await pair({
        refuse: (_ctxt: unknown, { id }: { id: string }) => {
          throw new RangeError(`${id} with super-secret-token`);
        },
      });
      await expect(client.call({ auth_token: 'super-secret-token' }, 'refuse', { id: 'v1' })).rejects.toThrow();
      const [[sent], [served]] = [await ended('CLIENT'), await ended('SERVER')];
      expect(served).toMatchObject({ failure: 'v1 with ***', attributes: { 'error.type': 'RangeError' } });
      expect(served?.exceptions).toMatchObject([
        { 'exception.type': 'RangeError', 'exception.message': 'v1 with ***' },
      ]);
      expect(sent?.attributes).toMatchObject({ 'error.type': 'ValueError', 'rpc.status_code': 'REMOTE' });
      expect(JSON.stringify([sent, served])).not.toContain('super-secret');
      const known = await pair(new Endpoint());
      await expect(known.client.call({}, 'fail', { kind: 'missing' })).rejects.toBeInstanceOf(Missing);
      for (const failed of [...(await ended('CLIENT', 2)), ...(await ended('SERVER', 2))].filter(
        (one) => one.name === 'fail',
      ))
        expect(failed).toMatchObject({ failure: 'v1 is missing', attributes: { 'error.type': 'Missing' } });
    });

    it('an error that the handler has announced makes the span of the caller fail, but not that of the server', async () => {
      const { client } = await pair(new Lookup());
      await expect(client.call({}, 'find', { id: 'v1' })).rejects.toBeInstanceOf(Missing);
      const [[sent], [served]] = [await ended('CLIENT'), await ended('SERVER')];
      expect(sent).toMatchObject({ failure: 'v1 is missing', attributes: { 'error.type': 'Missing' } });
      expect(served).toMatchObject({ failure: undefined, exceptions: [] });
      expect(served?.attributes).toMatchObject({ 'oslo_messaging.expected_exception': 'Missing' });
      expect(served?.attributes['error.type']).toBeUndefined();
      await expect(client.call({}, 'find', { id: 'v2' })).rejects.toThrow('out of range');
      const [, failed] = await ended('SERVER', 2);
      expect(failed).toMatchObject({ failure: 'out of range', attributes: { 'error.type': 'RangeError' } });
    });

    it('messages of one target and method have each their own attributes', async () => {
      const { topic, client } = await pair(new Endpoint());
      const older = client.prepare({ version: '1.1' });
      for (const id of ['req-1', 'req-2']) {
        await client.call({ request_id: id }, 'echo', { value: 1 });
        await client.cast({ request_id: id }, 'echo', { value: 1 });
        await older.call({}, 'echo', { value: 1 });
      }
      const calls = await ended('CLIENT', 4);
      const casts = await ended('PRODUCER', 2);
      const served = [...(await ended('SERVER', 4)), ...(await ended('CONSUMER', 2))];
      const seen = (spans: readonly TracedSpan[]) =>
        spans.map(({ name: title, attributes: it }) =>
          [title, it['openstack.request_id'] ?? '-', it['oslo_messaging.version'], it['messaging.operation']].join(' '),
        );
      const ofCalls = (operation: string) => [
        ...[`echo - 1.1 ${operation}`, `echo - 1.1 ${operation}`],
        ...[`echo req-1 1.0 ${operation}`, `echo req-2 1.0 ${operation}`],
      ];
      expect(seen(calls).sort()).toEqual(ofCalls('call'));
      expect(seen(casts)).toEqual([`send ${topic} req-1 1.0 cast`, `send ${topic} req-2 1.0 cast`]);
      expect(seen(served).sort()).toEqual([
        ...ofCalls('receive'),
        ...[`process ${topic} req-1 1.0 receive`, `process ${topic} req-2 1.0 receive`],
      ]);
    });

    it('an unknown method is _OTHER to its server, beside its name', async () => {
      const { client } = await pair(new Endpoint());
      await expect(client.call({}, 'nothing')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
      const [served] = await ended('SERVER');
      expect(served).toMatchObject({
        name: 'oslo.messaging',
        attributes: {
          'rpc.method': '_OTHER',
          'rpc.method_original': 'nothing',
          'error.type': 'NoSuchMethod',
          'rpc.status_code': 'NO_SUCH_METHOD',
        },
      });
      expect(served?.attributes['code.function.name']).toBeUndefined();
    });

    it('each attempt of a repeated call is a span with an id and a number of its own', async () => {
      const topic = uniqueTopic();
      const failing = {
        client: (message: OutgoingMessage, next: SendNext) =>
          message.attempt === 1 ? Promise.reject(new MessageDeliveryFailure('lost')) : next(message),
      };
      const transport = connect({ instrumentation: [openTelemetry(), failing] });
      await serve(topic, 's', [new Endpoint()], { transport });
      const retryPolicy = { methods: ['whoami'], delay: '1ms' };
      expect(await getRpcClient(transport, new Target({ topic }), { retryPolicy }).call({}, 'whoami')).toBe('a');
      const attempts = await ended('CLIENT', 2);
      expect(new Set(attempts.map(({ attributes }) => attributes['messaging.message.id'])).size).toBe(2);
      const [served] = await ended('SERVER');
      const numbers = [...attempts, served].map((span) => span?.attributes['oslo_messaging.attempt']);
      expect(numbers).toEqual([undefined, 2, 2]);
      expect(attempts.map(({ failure }) => failure)).toEqual(['lost', undefined]);
      expect(served?.parentId).toBe(attempts[1]?.spanId);
    });

    it('a repeated call has a span for each attempt, with its number from the second on', async () => {
      let failures = 1;
      const topic = uniqueTopic();
      const transport = traced();
      const flaky = () => (failures-- > 0 ? new Promise(() => undefined) : 'done');
      await serve(topic, 's', [{ flaky }], { transport });
      // The time of an attempt is the server's only.
      await transport.connect();
      const retryPolicy = { methods: ['flaky'], delay: '5ms', attemptTimeout: '1s' };
      const client = getRpcClient(transport, new Target({ topic }), { retryPolicy });
      expect(await client.call({}, 'flaky')).toBe('done');
      const sent = await ended('CLIENT', 2);
      expect(sent.map(({ attributes }) => attributes['oslo_messaging.attempt'])).toEqual([undefined, 2]);
      expect(sent.map(({ failure }) => failure !== undefined)).toEqual([true, false]);
      const [served] = await ended('SERVER');
      expect(served?.attributes).toMatchObject({ 'oslo_messaging.attempt': 2 });
    });

    it('a call that times out has an error type of its own', async () => {
      const { client } = await pair(new Endpoint());
      // The connection is up: the time is left for the broker to confirm, also on a busy machine.
      await client.call({}, 'whoami');
      await expect(client.prepare({ timeout: 0.5 }).call({}, 'never')).rejects.toMatchObject({ code: 'TIMEOUT' });
      const [, sent] = await ended('CLIENT', 2);
      expect(sent?.attributes).toMatchObject({ 'error.type': 'MessagingTimeout', 'rpc.status_code': 'TIMEOUT' });
    });
  });

  describeOn(`Without an SDK of OpenTelemetry on ${name}`, () => {
    const { connect, serve } = useRpc(url);

    it('the trace of a context passes as it is', async () => {
      const topic = uniqueTopic();
      const transport = connect({ instrumentation: [openTelemetry({ amqpHeaders: true })] });
      await serve(topic, 's', [new Endpoint()], { transport });
      const given = { traceparent: STALE, tracestate: 'a=b', baggage: 'c=d' };
      expect(await getRpcClient(transport, new Target({ topic })).call(given, 'context')).toEqual(given);
    });
  });
}

describe('A tracer of the user', () => {
  const { connect, serve } = useRpc('memory://');

  it('decides by the method and the destination, and makes no further attributes for spans that it does not record', async () => {
    const topic = uniqueTopic();
    const started: unknown[] = [];
    const span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const setAttribute = vi.spyOn(span, 'setAttribute');
    const startSpan = (_name: string, { attributes }: SpanOptions) => {
      started.push(attributes);
      return span;
    };
    const tracerProvider = { getTracer: () => ({ startSpan }) as unknown as Tracer };
    const transport = connect({ instrumentation: [openTelemetry({ tracerProvider })] });
    await serve(topic, 's', [new Endpoint()], { transport });
    const client = getRpcClient(transport, new Target({ topic, version: '1.0' }));
    expect(await client.call({ request_id: 'req-1' }, 'whoami')).toBe('a');
    const common = {
      'rpc.system.name': 'oslo.messaging',
      'rpc.method': 'whoami',
      'messaging.system': 'memory',
      'messaging.destination.name': topic,
    };
    expect(started).toEqual([
      { ...common, 'messaging.operation': 'call' },
      { ...common, 'messaging.operation': 'receive' },
    ]);
    expect(setAttribute).not.toHaveBeenCalled();
  });

  it('that throws as a span ends neither fails the call nor leaves an unhandled rejection', async () => {
    const topic = uniqueTopic();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const ends = { count: 0 };
    const span = Object.assign(Object.create(trace.wrapSpanContext(INVALID_SPAN_CONTEXT)) as Span, {
      isRecording: () => true,
      end: () => {
        ends.count += 1;
        throw new Error('the exporter is closed');
      },
    });
    const tracerProvider = { getTracer: () => ({ startSpan: () => span }) as unknown as Tracer };
    const transport = connect({ instrumentation: [openTelemetry({ tracerProvider })] });
    await serve(topic, 's', [new Endpoint()], { transport });
    const client = getRpcClient(transport, new Target({ topic }));
    expect(await client.call({}, 'whoami')).toBe('a');
    await expect(client.call({}, 'fail', { kind: 'missing' })).rejects.toBeInstanceOf(Missing);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(ends.count).toBe(4);
    expect(unhandled).toEqual([]);
  });
});

it('openTelemetry() names an unknown or ill-typed option', () => {
  expect(() => openTelemetry({ amqpheaders: true } as never)).toThrow(/amqpheaders/);
  expect(() => openTelemetry({ amqpHeaders: 'yes' as never })).toThrow(
    'openTelemetry: amqpHeaders: expected true or false; got yes',
  );
  expect(() => openTelemetry({ tracerProvider: {} as never })).toThrow(
    'openTelemetry: tracerProvider: expected a TracerProvider; got an Object',
  );
  expect(() => openTelemetry({ propagator: { inject: () => undefined } as never })).toThrow(
    'openTelemetry: propagator: expected a TextMapPropagator; got an Object',
  );
  expect(() => openTelemetry(null as never)).toThrow('Options of openTelemetry(): expected an object; got null');
});
