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
  function expectNoHarm(): void {
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
    expectNoHarm();
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
    expectNoHarm();
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
    expectNoHarm();
  });
});
