import amqplib from 'amqplib';
import {
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageUndeliverable,
  Notifier,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

/** About the lengths at which a body is copied, written by itself, and cut into several frames. */
const LENGTHS = [1, 15_000, 16_300, 16_400, 64_000, 66_000, 130_700, 131_100, 262_200, 1_000_000];

/** An amqplib whose connections look as another release's might. */
function hide(...names: string[]): void {
  const connect = amqplib.connect.bind(amqplib);
  vi.spyOn(amqplib, 'connect').mockImplementation(async (...args: Parameters<typeof connect>) => {
    const model = await connect(...args);
    const get = (target: object, name: string) => (names.includes(name) ? undefined : Reflect.get(target, name));
    Reflect.set(model, 'connection', new Proxy(model.connection, { get } as ProxyHandler<typeof model.connection>));
    return model;
  });
}

// What the two have in common; that ours is used with the amqplib installed, the tests of hostile headers show.
describeWithRabbit.each<[string, string[]]>([
  ['ours', []],
  ['amqplib', ['rest']],
])('frames that are read and written by %s', (_, hidden) => {
  const topic = uniqueTopic('wire');
  const casts: unknown[] = [];
  const stops: (() => Promise<unknown>)[] = [];
  let transport: Transport;
  let client: RPCClient;

  beforeAll(async () => {
    if (hidden.length > 0) hide(...hidden);
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const endpoint = {
      echo: (_ctxt: unknown, { value }: { value: unknown }) => value,
      record: (_ctxt: unknown, { value }: { value: unknown }) => void casts.push(value),
    };
    const server = getRpcServer(transport, new Target({ topic, server: 'host1' }), [endpoint]);
    await server.start();
    stops.push(() => server.stop());
    client = getRpcClient(transport, new Target({ topic }), { timeout: 20 });
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await transport?.cleanup();
    vi.restoreAllMocks();
  });

  it('carry bodies of all lengths, one after the other and side by side', async () => {
    const values = LENGTHS.map((length) => 'ab€'.repeat(length).slice(0, length));
    for (const value of values) expect(await client.call({}, 'echo', { value })).toBe(value);
    const many = Array.from({ length: 50 }, (_, at) => `${at}${values[at % values.length]?.slice(0, 200_000)}`);
    const results = await Promise.all(many.map((value) => client.call({}, 'echo', { value })));
    expect(results.map((result, at) => result === many[at])).not.toContain(false);
  });

  it('carry casts', async () => {
    await Promise.all([1, 2, 3].map((value) => client.cast({}, 'record', { value })));
    await eventually(() => expect(casts).toEqual([1, 2, 3]));
  });

  it('carry requests to servers that start and stop side by side', async () => {
    const others = ['second', 'third'].map((name) => uniqueTopic(name));
    const start = async (other: string) => {
      const echo = (_ctxt: unknown, { value }: { value: unknown }) => `${other} ${value}`;
      const server = getRpcServer(transport, new Target({ topic: other, server: 'host1' }), [{ echo }]);
      await server.start();
      return server;
    };
    const call = (other: string, value: number) => client.prepare({ topic: other }).call({}, 'echo', { value });
    for (let round = 0; round < 3; round++) {
      const servers = await Promise.all(others.map(start));
      const results = await Promise.all([...others, ...others].map((other) => call(other, round)));
      expect(results).toEqual([...others, ...others].map((other) => `${other} ${round}`));
      for (const server of servers) {
        const [stopped, result] = await Promise.all([server.stop(), client.call({}, 'echo', { value: round })]);
        expect([stopped, result]).toEqual([undefined, round]);
      }
    }
  });

  it('report undeliverable messages, and no others', async () => {
    const nobody = getRpcClient(transport, new Target({ topic: uniqueTopic('nobody') }), {
      transportOptions: { atLeastOnce: true },
      timeout: 20,
    });
    const calls = [nobody, client, nobody, client].map((each) => each.call({}, 'echo', { value: 1 }));
    const outcomes = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)));
    expect(outcomes).toEqual([expect.any(MessageUndeliverable), 1, expect.any(MessageUndeliverable), 1]);
  });

  it('refuse a name that is too long at once', async () => {
    const long = getRpcClient(transport, new Target({ topic: 'x'.repeat(300) }), { timeout: 20 });
    await expect(long.cast({}, 'record', { value: 0 })).rejects.toThrow(/255/);
  });

  it('carry notifications', async () => {
    const notifications = getNotificationTransport({ transportUrl: rabbitUrl, logger: silent });
    stops.push(() => notifications.cleanup());
    const got: unknown[] = [];
    const endpoint = { info: (_c: unknown, _p: string, _e: string, payload: unknown) => void got.push(payload) };
    const listener = getNotificationListener(notifications, [new Target({ topic })], [endpoint]);
    await listener.start();
    stops.push(() => listener.stop());
    const notifier = new Notifier(notifications, { publisherId: 'here', driver: 'messagingv2', topics: [topic] });
    await Promise.all([1, 2, 3].map((payload) => notifier.info({}, 'event', payload)));
    await eventually(() => expect(got.sort()).toEqual([1, 2, 3]));
  });
});
