import {
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { isDenying } from '../../testkit/release.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type PythonHeaders, PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

const kinds: PythonHeaders[] = [
  'integer of 32 bits',
  'integer of 41 bits',
  'largest integer',
  'deep table',
  'deep array',
  'prototype',
  'every type',
  'many',
  'long names',
];

describeWithPython('messages of Python with headers of every kind', () => {
  let python: PythonPeer;
  let transport: Transport;
  let notifications: Transport;
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl, { extraHeaders: true });
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    notifications = getNotificationTransport({ transportUrl: rabbitUrl, logger: silent });
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await transport?.cleanup();
    await notifications?.cleanup();
    await python?.stop();
  });

  /** With no connection lost, nothing came a second time either. */
  function expectNoErrors(): void {
    for (const { counts } of [transport, notifications])
      expect(counts).toMatchObject({ lostConnections: 0, refusedMessages: 0, damagedHeaders: 0, duplicates: 0 });
    expect(({} as { compression?: string }).compression).toBeUndefined();
  }

  it('reach a server, which answers', async () => {
    const topic = uniqueTopic('headers');
    const got: unknown[] = [];
    const echo = (_ctxt: unknown, { value }: { value: unknown }) => {
      got.push(value);
      return value;
    };
    const server = getRpcServer(transport, new Target({ topic, server: 'host1' }), [{ echo }]);
    stops.push(() => server.stop());
    await server.start();
    for (const kind of kinds) {
      await python.chooseHeaders(kind);
      expect(await python.call({ topic, method: 'echo', args: { value: kind }, timeout: 20 })).toBe(kind);
    }
    expect(got).toEqual(kinds);
    expectNoErrors();
  });

  it('reach a caller as replies', async () => {
    const topic = uniqueTopic('headers');
    await python.chooseHeaders('none');
    const server = await python.startServer({ topic, server: 'python1' });
    stops.push(() => server.stop());
    const client = getRpcClient(transport, new Target({ topic }), { timeout: 20 });
    for (const kind of kinds) {
      await python.chooseHeaders(kind);
      expect(await client.call({}, 'echo', { value: kind })).toEqual({ value: kind });
    }
    expectNoErrors();
  });

  it('reach a listener as notifications', async () => {
    const topic = uniqueTopic('headers');
    const got: unknown[] = [];
    const listener = getNotificationListener(
      notifications,
      [new Target({ topic })],
      [{ info: (_ctxt: unknown, _publisher: string, eventType: string) => void got.push(eventType) }],
    );
    stops.push(() => listener.stop());
    await listener.start();
    for (const kind of kinds) {
      await python.chooseHeaders(kind);
      await python.notify({ topic, publisherId: 'python', eventType: kind, payload: {} });
    }
    await eventually(() => expect(got).toEqual(kinds));
    expectNoErrors();
  });

  it('are dead-lettered with the headers that every client can read', async () => {
    const topic = uniqueTopic('headers');
    const giving = getNotificationTransport({ transportUrl: rabbitUrl, logger: silent, limits: { deliveries: 1 } });
    stops.push(() => giving.cleanup());
    const info = () => {
      throw new Error('not this one');
    };
    const listener = getNotificationListener(giving, [new Target({ topic })], [{ info }], { allowRequeue: true });
    stops.push(() => listener.stop());
    await listener.start();
    for (const kind of kinds) {
      await python.chooseHeaders(kind);
      await python.notify({ topic, publisherId: 'python', eventType: kind, payload: {} });
    }
    await eventually(() => expect(giving.counts.deadLettered).toBe(kinds.length));
    expect(giving.counts).toMatchObject({ lostConnections: 0, damagedHeaders: 0 });
    const headers = await withChannel(rabbitUrl, async (channel) => {
      const all = new Map<string, unknown>();
      for (const _kind of kinds) {
        const message = await channel.get(`${topic}.info.dead`, { noAck: true });
        if (!message) throw new Error('one is missing');
        all.set(
          JSON.parse(JSON.parse(message.content.toString())['oslo.message']).event_type,
          message.properties.headers,
        );
      }
      await channel.deleteQueue(`${topic}.info.dead`);
      return all;
    });
    expect(headers.get('integer of 41 bits')).toMatchObject({ big: 2 ** 40, negative: -(2 ** 40) });
    expect(headers.get('every type')).toMatchObject({
      float: 1.5,
      list: [1, 'x', { y: null }],
      text: '\u2028',
      small: -1,
    });
    expect(headers.get('many')).toMatchObject({ 'header-0': 2 ** 40 });
    // As many as fit. RabbitMQ 4 changes their order, and with it the ones that do.
    if (!isDenying) expect(headers.get('many')).toMatchObject({ 'header-500': 2 ** 40 + 500 });
    const many = Object.entries(headers.get('many') as object).filter(([name]) => name.startsWith('header-'));
    expect(many.length).toBeGreaterThan(500);
    for (const [name, value] of many) expect(value).toBe(2 ** 40 + Number(name.slice('header-'.length)));
    expect(headers.get('deep table')).not.toHaveProperty('deep');
    expect(headers.get('deep array')).not.toHaveProperty('deep');
    expect(Object.getPrototypeOf(headers.get('prototype'))).toBe(Object.prototype);
  });
});
