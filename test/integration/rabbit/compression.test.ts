import { deflateSync, inflateSync } from 'node:zlib';
import type { GetMessage } from 'amqplib';
import {
  getNotificationListener,
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const GZIP = { rabbit: { kombuCompression: 'gzip' as const } };
const LONG = 'compressible '.repeat(2000);

describeWithRabbit('kombuCompression', () => {
  let topic: string;
  const warnings: string[] = [];
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    topic = uniqueTopic();
    warnings.length = 0;
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function options(more: OsloMessagingOptions): OsloMessagingOptions {
    const ignore = () => undefined;
    const logger = { debug: ignore, log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) };
    return { transportUrl: rabbitUrl, rpcResponseTimeout: '10s', logger, ...more };
  }

  function connect(more: OsloMessagingOptions = {}) {
    const transport = getRpcTransport(options(more));
    cleanups.push(() => transport.cleanup());
    return { transport, client: new RPCClient(transport, new Target({ topic })) };
  }

  async function serve(more: OsloMessagingOptions = {}): Promise<unknown[]> {
    const seen: unknown[] = [];
    const endpoint = {
      echo: (_context: object, args: object) => args,
      fail: () => {
        throw new Error(LONG);
      },
      note: (_context: object, args: object) => void seen.push(args),
    };
    const server = getRpcServer(connect(more).transport, new Target({ topic, server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop());
    return seen;
  }

  /** Resolves with the next message of a queue. */
  function next(queue: string): Promise<GetMessage> {
    return withChannel(rabbitUrl, (channel) =>
      eventually(async () => {
        const message = await channel.get(queue, { noAck: true });
        return message || expect.fail('no message yet');
      }),
    );
  }

  it.each(['gzip', 'zlib'] as const)(
    '%s makes a body of the zlib format, and names it in a header',
    async (kombuCompression) => {
      await withChannel(rabbitUrl, async (channel) => {
        await channel.assertExchange('tacker', 'topic', { durable: false });
        await channel.assertQueue(topic, { durable: false });
        await channel.bindQueue(topic, 'tacker', topic);
      });
      cleanups.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic)));
      await connect({ rabbit: { kombuCompression } }).client.cast({}, 'note', { long: LONG });
      const { content, properties } = await next(topic);
      expect(properties).toMatchObject({
        headers: { compression: 'application/x-gzip' },
        contentType: 'application/json',
        contentEncoding: 'utf-8',
      });
      expect(content.length).toBeLessThan(1000);
      expect(JSON.parse(inflateSync(content).toString())).toHaveProperty(['oslo.version'], '2.0');
    },
  );

  it.each([
    ['both sides', GZIP, GZIP],
    ['the client alone', GZIP, {}],
    ['the server alone', {}, GZIP],
  ])('is read without the option: set by %s', async (_name, ours, theirs) => {
    const seen = await serve(theirs);
    const { client } = connect(ours);
    expect(await client.call({}, 'echo', { long: LONG, big: 2n ** 60n })).toEqual({ long: LONG, big: 2n ** 60n });
    await expect(client.call({}, 'fail')).rejects.toMatchObject({ value: LONG });
    await client.prepare({ fanout: true }).cast({}, 'note', { n: 1 });
    await eventually(() => expect(seen).toEqual([{ n: 1 }]));
  });

  it('applies to notifications', async () => {
    const transport = getNotificationTransport(options(GZIP));
    cleanups.push(() => transport.cleanup());
    await new Notifier(transport, { publisherId: 'p', topics: [topic] }).info({}, 'happened', { long: LONG });
    const { content, properties } = await next(`${topic}.info`);
    cleanups.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${topic}.info`)));
    expect(properties.headers).toEqual({ compression: 'application/x-gzip' });
    expect(inflateSync(content).toString()).toContain('happened');
  });

  it('keeps the errors of undeliverable messages', async () => {
    await expect(connect(GZIP).client.call({}, 'echo', { long: LONG })).rejects.toMatchObject({
      code: 'UNDELIVERABLE',
    });
  });

  it('dead-letters a notification unchanged if it cannot be decompressed', async () => {
    const transport = getNotificationTransport(options(GZIP));
    cleanups.push(() => transport.cleanup());
    const seen: unknown[] = [];
    const endpoint = {
      info: (_context: object, _publisher: string, _event: string, payload: object) => void seen.push(payload),
    };
    const listener = await getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    cleanups.push(() => listener.stop());
    const strange = Buffer.from('BZh9 and so on');
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(`${topic}.info`, strange, { headers: { compression: 'application/x-bz2' } });
      await channel.waitForConfirms();
    });
    await new Notifier(transport, { publisherId: 'p', topics: [topic] }).info({}, 'happened', { long: LONG });
    await eventually(() => expect(seen).toEqual([{ long: LONG }]));
    cleanups.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${topic}.info.dead`)));
    const { content, properties } = await next(`${topic}.info.dead`);
    expect(content).toEqual(strange);
    expect(properties.headers).toMatchObject({
      compression: 'application/x-bz2',
      'x-reason': expect.stringContaining('"application/x-gzip" is understood'),
    });
  });

  const bomb = deflateSync(Buffer.alloc(64 * 2 ** 20, ' '), { level: 9 });
  const request = (text: string) => Buffer.from(JSON.stringify({ method: 'note', args: { text } }));

  it.each([
    ['a bomb', bomb, 'application/x-gzip', /more than 100000 bytes/],
    ['a body that is not compressed', request('x'), 'application/x-gzip', /damaged/],
    ['a body that was cut', deflateSync(request(LONG)).subarray(0, 40), 'application/x-gzip', /damaged/],
    ['an empty body', Buffer.alloc(0), 'application/x-gzip', /damaged/],
    [
      'another compression',
      request('x'),
      'application/x-bz2',
      /"application\/x-bz2"; "application\/x-gzip" is understood/,
    ],
    ['a compression that is no text', request('x'), 7, /a number/],
    ['a compression with a line break', request('x'), 'a\nb', /"a b"/],
  ])('refuses %s, and continues', async (_name, body, compression, reason) => {
    const seen = await serve({ limits: { bodyBytes: 100_000 } });
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(topic, body, { headers: { compression } });
      channel.sendToQueue(topic, deflateSync(request('good')), { headers: { compression: 'application/x-gzip' } });
      channel.sendToQueue(topic, request('plain'), { headers: { other: 'application/x-gzip' } });
      await channel.waitForConfirms();
    });
    await eventually(() => expect(seen).toEqual([{ text: 'good' }, { text: 'plain' }]));
    // A compressed body is searched for a reply address first.
    await eventually(() => expect(warnings).toEqual([expect.stringMatching(reason)]));
    const { messageCount } = await withChannel(rabbitUrl, (channel) => channel.checkQueue(topic));
    expect(messageCount).toBe(0);
  });
});
