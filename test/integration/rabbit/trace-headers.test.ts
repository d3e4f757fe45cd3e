import {
  getNotificationListener,
  getRpcClient,
  type OsloMessagingOptions,
  type RpcClientInterceptor,
  Target,
} from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';
import { expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { Endpoint, useRpc } from '../../contract/rpc-stage.js';
import { Child } from '../../support/child.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { MessageTap } from '../../support/message-tap.js';
import { useTraces } from '../../support/traces.js';

const OF_HEADER = { trace: 'a'.repeat(32), span: 'b'.repeat(16) };
const OF_CONTEXT = { trace: 'c'.repeat(32), span: 'd'.repeat(16) };
const traceparent = ({ trace, span }: typeof OF_HEADER) => `00-${trace}-${span}-01`;

describeWithRabbit('the trace of a message', () => {
  const { connect, serve } = useRpc(rabbitUrl);
  const { spans } = useTraces();

  /** Publishes a cast as a peer of AMQP does that knows the format and keeps its trace in a header. */
  const publish = (queue: string, message: object, headers: object) =>
    withChannel(rabbitUrl, async (channel) => {
      const envelope = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) };
      channel.publish('', queue, Buffer.from(JSON.stringify(envelope)), { headers, contentType: 'application/json' });
      await channel.waitForConfirms();
    });

  it('is read from a header where the request context has none', async () => {
    const topic = uniqueTopic();
    await serve(topic, 's', [new Endpoint()], { transport: connect({ instrumentation: [openTelemetry()] }) });
    const headers = { traceparent: traceparent(OF_HEADER), tracestate: 'vendor=1' };
    const request = { method: 'record', args: {}, version: '1.0' };
    await publish(topic, request, headers);
    await publish(topic, { ...request, _context_traceparent: traceparent(OF_CONTEXT) }, headers);
    await publish(topic, { ...request, _context_traceparent: 7 }, { traceparent: 2 ** 40 });
    await eventually(() =>
      expect(spans().map(({ traceId, parentId }) => [traceId, parentId])).toEqual([
        [OF_HEADER.trace, OF_HEADER.span],
        [OF_CONTEXT.trace, OF_CONTEXT.span],
        [expect.stringMatching(/^[0-9a-f]{32}$/), undefined],
      ]),
    );
  });

  it('is written to a header only with amqpHeaders', async () => {
    const topic = uniqueTopic();
    await serve(topic, 's', [new Endpoint()]);
    const tap = await MessageTap.open(rabbitUrl, 'tacker', [topic]);
    const call = (options: OsloMessagingOptions) =>
      getRpcClient(connect(options), new Target({ topic })).call({}, 'whoami');
    await call({ instrumentation: [openTelemetry()] });
    await call({ instrumentation: [openTelemetry({ amqpHeaders: true })] });
    await eventually(() => expect(tap.messages).toHaveLength(2));
    const [without, both] = tap.messages.map(({ properties, body }) => ({
      headers: properties['headers'],
      message: JSON.parse(JSON.parse(body.toString())['oslo.message']) as Record<string, unknown>,
    }));
    expect(without?.headers).not.toHaveProperty('traceparent');
    expect(without?.message).toHaveProperty('_context_traceparent');
    expect(both?.headers).toMatchObject({ traceparent: both?.message['_context_traceparent'] });
    await tap.close();
  });

  it('stays on a dead letter', async () => {
    const topic = uniqueTopic();
    const listener = getNotificationListener(connect(), [new Target({ topic })], [{ info: () => undefined }]);
    await listener.start();
    await publish(`${topic}.info`, { priority: 'none' }, { traceparent: traceparent(OF_HEADER) });
    const letter = await eventually(() =>
      withChannel(rabbitUrl, async (channel) => {
        const got = await channel.get(`${topic}.info.dead`, { noAck: true });
        if (!got) throw new Error('no dead letter yet');
        return got;
      }),
    );
    expect(letter.properties.headers).toMatchObject({ traceparent: traceparent(OF_HEADER) });
    await listener.stop();
  });

  it.each([
    [{ headers: ['x'] }, 'headers: expected an object of texts; got an array'],
    [{ headers: { a: 1 } }, 'headers.a: expected text; got a number'],
    [{ headers: { 'x-deadline': '1' } }, '"x-deadline" is reserved'],
    [{ headers: { CC: 'queue' } }, '"CC" is reserved'],
    [{ messageId: 7 }, 'next(message) expects the message, or a copy of it with changes'],
  ])('names wrong headers and ids of a client interceptor: %o', async (changes, message) => {
    const topic = uniqueTopic();
    await serve(topic, 's', [new Endpoint()]);
    const link: RpcClientInterceptor = (given, next) => next({ ...given, ...(changes as object) });
    const client = getRpcClient(connect({ clientInterceptors: [link] }), new Target({ topic }));
    await expect(client.call({}, 'whoami')).rejects.toThrow(message);
  });

  it('has no span twice where amqplib is instrumented', async () => {
    const child = new Child('test/support/instrumented-amqplib.ts', [rabbitUrl, uniqueTopic()], {
      NODE_OPTIONS: '--import ./test/support/typescript.mjs',
    });
    const [, json = ''] = await child.prints(/SPANS (.+)/);
    expect(await child.exit()).toBe(0);
    const { ours, bare } = JSON.parse(json) as Record<'ours' | 'bare', string[]>;
    expect(ours).toEqual(['CLIENT echo', 'CONSUMER process TOPIC', 'PRODUCER send TOPIC', 'SERVER echo']);
    // The instrumentation does work here.
    expect(bare).toHaveLength(1);
  }, 120_000);
});
