import {
  BackingOffClient,
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  Notifier,
  type OsloMessagingOptions,
  Target,
} from 'nestjs-oslo-messaging';
import { type PrometheusOptions, prometheus } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Endpoint, Lookup, Missing, transports, useRpc } from './rpc-stage.js';

type Labels = Readonly<Record<string, string>>;

/** Registry with the metrics of one or more transports, and how to read it. */
function measuring(options: Omit<PrometheusOptions, 'register'> = {}) {
  const register = new Registry();
  const instrumentation: OsloMessagingOptions['instrumentation'] = [prometheus({ register, ...options })];
  const series = async (name: string): Promise<{ labels: Labels; value: number }[]> => {
    const lines = (await register.metrics()).split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    return lines.map((line) => ({
      labels: Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
      value: Number(line.slice(line.lastIndexOf(' '))),
    }));
  };
  /** Sum of the series that have the labels. */
  const totalOf = async (name: string, labels: Labels = {}): Promise<number> =>
    (await series(name))
      .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  return { register, instrumentation, series, totalOf };
}

class Gate {
  open: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  wait(): Promise<void> {
    return this.opened;
  }
}

for (const { name, url, describe: describeOn } of transports) {
  describeOn(`Metrics on ${name}`, () => {
    const { connect, serve } = useRpc(url);

    it('count calls and casts by the names and labels of oslo.metrics, on both sides', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series, totalOf } = measuring({ process: 'api' });
      const transport = connect({ instrumentation });
      await serve(topic, 's', [new Endpoint()], { transport });
      const client = getRpcClient(transport, new Target({ topic, version: '1.2' }));
      await client.call({}, 'echo', { value: 1 });
      await client.call({}, 'echo', { value: 2 });
      await client.prepare({ fanout: true }).cast({}, 'record', { n: 1 });
      await expect(client.call({}, 'fail', { kind: 'missing' })).rejects.toBeInstanceOf(Missing);
      const ofClient = {
        ...{ call_type: 'call', exchange: 'None', topic, namespace: 'None', version: '1.2', server: 'None' },
        ...{ fanout: 'None', process: 'api', timeout: '10' },
      };
      const started = await series('oslo_messaging_rpc_client_invocation_start_total');
      expect(started).toEqual([
        { labels: { ...ofClient, method: 'echo' }, value: 2 },
        { labels: { ...ofClient, call_type: 'cast', fanout: 'True', timeout: 'None', method: 'record' }, value: 1 },
        { labels: { ...ofClient, method: 'fail' }, value: 1 },
      ]);
      expect(await series('oslo_messaging_rpc_client_invocation_end_total')).toEqual(started);
      expect(await series('oslo_messaging_rpc_client_exception_total')).toEqual([
        { labels: { ...ofClient, method: 'fail', exception: 'Missing' }, value: 1 },
      ]);
      const ofServer = {
        exchange: 'None',
        topic,
        server: 's',
        endpoint: 'Endpoint',
        namespace: 'None',
        version: '1.5',
      };
      await eventually(async () =>
        expect(await series('oslo_messaging_rpc_server_invocation_end_total')).toEqual([
          { labels: { ...ofServer, method: 'echo', process: 'api' }, value: 2 },
          { labels: { ...ofServer, method: 'record', process: 'api' }, value: 1 },
          { labels: { ...ofServer, method: 'fail', process: 'api' }, value: 1 },
        ]),
      );
      expect(await series('oslo_messaging_rpc_server_exception_total')).toEqual([
        { labels: { ...ofServer, method: 'fail', process: 'api', exception: 'Missing' }, value: 1 },
      ]);
      for (const side of ['client', 'server']) {
        const histogram = `oslo_messaging_rpc_${side}_processing_seconds`;
        expect(await totalOf(`${histogram}_count`, { method: 'echo' })).toBe(2);
        const bounds = (await series(`${histogram}_bucket`)).filter(({ labels }) => labels['method'] === 'echo');
        expect(bounds.map(({ labels }) => labels['le'])).toEqual(
          '0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 25 50 75 100 +Inf'.split(' '),
        );
      }
    });

    it('count calls with several timeouts, and casts of the same method, apart', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series } = measuring();
      const transport = connect({ instrumentation });
      await serve(topic, 's', [new Endpoint()], { transport });
      const client = getRpcClient(transport, new Target({ topic }));
      const contexts = [client.prepare({ timeout: 5 }), client.prepare({ timeout: 7 })];
      for (const context of [...contexts, ...contexts]) {
        await context.call({}, 'whoami');
        await context.cast({}, 'whoami');
      }
      const ended = await series('oslo_messaging_rpc_client_invocation_end_total');
      expect(ended.map(({ labels, value }) => [labels['call_type'], labels['timeout'], value])).toEqual([
        ['call', '5', 2],
        ['cast', 'None', 4],
        ['call', '7', 2],
      ]);
    });

    it('count an error that the handler has announced apart from failures', async () => {
      const topic = uniqueTopic();
      const { instrumentation, totalOf } = measuring();
      const transport = connect({ instrumentation });
      await serve(topic, 's', [new Lookup()], { transport });
      const client = getRpcClient(transport, new Target({ topic }));
      for (const id of ['v1', 'v1', 'v2']) await expect(client.call({}, 'find', { id })).rejects.toThrow();
      const [failed, announced] = ['exception_total', 'expected_exception_total'].map(
        (end) => `oslo_messaging_rpc_server_${end}`,
      ) as [string, string];
      await eventually(async () => expect(await totalOf(failed)).toBe(1));
      expect(await totalOf(failed, { method: 'find', exception: 'RangeError' })).toBe(1);
      expect(await totalOf(announced, { method: 'find', exception: 'Missing' })).toBe(2);
      expect(await totalOf('oslo_messaging_rpc_client_exception_total')).toBe(3);
    });

    it('count notifications sent and handled', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series } = measuring();
      const transport = connect({ instrumentation });
      const endpoint = {
        error: () => {
          throw new RangeError('no');
        },
      };
      const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
      await listener.start();
      await new Notifier(transport, { topics: [topic] }).error({}, 'order.failed', 1);
      expect(await series('oslo_messaging_notifier_invocation_end_total')).toEqual([
        { labels: { topic, priority: 'error', process: '' }, value: 1 },
      ]);
      const labels = { queue: `${topic}.error`, priority: 'error', handler: 'Object.error', process: '' };
      await eventually(async () =>
        expect(await series('oslo_messaging_listener_exception_total')).toEqual([
          { labels: { ...labels, exception: 'RangeError' }, value: 1 },
        ]),
      );
      expect(await series('oslo_messaging_listener_invocation_end_total')).toEqual([{ labels, value: 1 }]);
      await listener.stop();
    });

    it('show slots, requests that wait for one, and for how long they have waited', async () => {
      const topic = uniqueTopic();
      const { instrumentation, totalOf } = measuring();
      const transport = connect({ instrumentation, concurrency: 1 });
      const gate = new Gate();
      await serve(topic, 's', [{ hold: () => gate.wait() }], { transport });
      const client = getRpcClient(connect(), new Target({ topic }));
      const calls = [client.call({}, 'hold'), client.call({}, 'hold')];
      await eventually(async () => {
        expect(await totalOf('oslo_messaging_slots')).toBe(1);
        expect(await totalOf('oslo_messaging_in_work')).toBe(1);
        expect(await totalOf('oslo_messaging_waiting_for_slot')).toBe(1);
      });
      gate.open();
      await Promise.all(calls);
      expect(await totalOf('oslo_messaging_rpc_server_slot_wait_seconds_count', { topic })).toBe(2);
      expect(await totalOf('oslo_messaging_rpc_server_slot_wait_seconds_sum', { topic })).toBeGreaterThan(0);
      // On memory:// a request carries no time of its sending.
      const known = name === 'rabbit' ? 2 : 0;
      expect(await totalOf('oslo_messaging_rpc_server_queue_wait_seconds_count', { topic })).toBe(known);
      expect(await totalOf('oslo_messaging_waiting_for_slot')).toBe(0);
    });

    it('count a request in flight from its start: the counter of ends begins at 0', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series, totalOf } = measuring();
      const transport = connect({ instrumentation });
      let finish = () => {};
      const work = () => new Promise<void>((resolve) => (finish = resolve));
      await serve(topic, 's', [{ work }], { transport });
      const call = getRpcClient(transport, new Target({ topic })).call({}, 'work');
      await eventually(async () => expect(await totalOf('oslo_messaging_rpc_server_invocation_start_total')).toBe(1));
      for (const side of ['client', 'server']) {
        expect(await totalOf(`oslo_messaging_rpc_${side}_invocation_start_total`)).toBe(1);
        expect(await series(`oslo_messaging_rpc_${side}_invocation_end_total`)).toHaveLength(1);
        expect(await totalOf(`oslo_messaging_rpc_${side}_invocation_end_total`)).toBe(0);
      }
      finish();
      await call;
      expect(await totalOf('oslo_messaging_rpc_client_invocation_end_total')).toBe(1);
    });

    it('show the timeout of a method that backs off', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series, totalOf } = measuring();
      const transport = connect({ instrumentation, rpcResponseTimeout: 0.2 });
      await serve(topic, 's', [{ [`slow_${topic}`]: () => new Promise(() => undefined) }]);
      expect(await series('oslo_messaging_rpc_client_backoff_timeout_seconds')).toEqual([]);
      const client = new BackingOffClient(transport, new Target({ topic }));
      await expect(client.call({}, `slow_${topic}`)).rejects.toMatchObject({ code: 'TIMEOUT' });
      const method = `slow_${topic}`;
      expect(await totalOf('oslo_messaging_rpc_client_backoff_timeout_seconds', { method })).toBe(0.4);
      const timedOut = { method, exception: 'MessagingTimeout' };
      expect(await totalOf('oslo_messaging_rpc_client_exception_total', timedOut)).toBe(1);
    });

    it('show the messages in consumed queues, where they are asked for', async () => {
      const topic = uniqueTopic();
      const { instrumentation, series } = measuring({ backlog: true });
      const transport = connect({ instrumentation, concurrency: 1, rabbit: { rabbitQosPrefetchCount: 1 } });
      const gate = new Gate();
      await serve(topic, 's', [{ hold: () => gate.wait() }], { transport });
      const client = getRpcClient(connect(), new Target({ topic }));
      const sent = [1, 2, 3, 4].map(() => client.cast({}, 'hold'));
      await Promise.all(sent);
      await eventually(async () => {
        const depths = (await series('oslo_messaging_queue_messages')).map(({ labels, value }) => [
          labels['queue'],
          value,
        ]);
        expect(depths).toEqual([
          [topic, 2],
          [`${topic}.s`, 0],
          [`${topic}_fanout`, 0],
        ]);
      });
      gate.open();
      const quiet = measuring();
      connect({ instrumentation: quiet.instrumentation });
      expect(await quiet.series('oslo_messaging_queue_messages')).toEqual([]);
    });
  });
}

describe('Metrics have a bounded number of series', () => {
  const { connect, serve } = useRpc('memory://');

  it('for any methods, versions and namespaces from the wire', async () => {
    const topic = uniqueTopic();
    const { instrumentation, register, series } = measuring();
    await serve(topic, 's', [new Endpoint()], { transport: connect({ instrumentation }) });
    const clientOf = (fields: ConstructorParameters<typeof Target>[0]) =>
      getRpcClient(connect(), new Target({ topic, ...fields }));
    const [plain, client] = [clientOf({}), clientOf({})];
    await expect(plain.call({}, 'nothing')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    await expect(client.prepare({ version: '7.0' }).call({}, 'echo')).rejects.toMatchObject({
      excType: 'UnsupportedVersion',
    });
    await plain.prepare({ version: '1.1' }).call({}, 'echo');
    const lines = async () => (await register.metrics()).split('\n').length;
    const before = await lines();
    for (let n = 0; n < 10_000; n += 100) {
      const hostile = Array.from({ length: 100 }, (_, index) => {
        const id = n + index;
        if (id % 4 === 0) return plain.call({}, `method_${id}`);
        if (id % 4 === 1) return client.prepare({ version: `1.${10 + id}` }).call({}, 'echo');
        if (id % 4 === 2) return client.prepare({ namespace: `ns_${id}` }).call({}, 'echo');
        return client.prepare({ version: `1.${id % 5}` }).call({}, 'echo');
      });
      await Promise.allSettled(hostile);
    }
    expect(await lines()).toBe(before);
    const other = { endpoint: '_OTHER', namespace: '_OTHER', version: '_OTHER', method: '_OTHER' };
    const ended = await series('oslo_messaging_rpc_server_invocation_end_total');
    expect(ended.map(({ labels, value }) => [labels, value])).toEqual([
      [expect.objectContaining(other), 7502],
      [expect.objectContaining({ endpoint: 'Endpoint', method: 'echo', version: '1.5' }), 2501],
    ]);
  });

  it('for any servers, timeouts and methods of a client', async () => {
    const { instrumentation, series } = measuring();
    const client = getRpcClient(connect({ instrumentation }), new Target({ topic: uniqueTopic() }));
    for (let n = 0; n < 2000; n += 1) {
      const context = client.prepare({ server: `host${n}`, timeout: 1 + n });
      await expect(context.call({}, `method_${n}`)).rejects.toMatchObject({ code: 'UNDELIVERABLE' });
    }
    const started = await series('oslo_messaging_rpc_client_invocation_start_total');
    const distinct = (label: string) => new Set(started.map(({ labels }) => labels[label])).size;
    expect(started).toHaveLength(1001);
    expect(started.reduce((sum, { value }) => sum + value, 0)).toBe(2000);
    expect([distinct('server'), distinct('timeout'), distinct('method')]).toEqual([101, 21, 1001]);
    expect(started.at(-1)).toMatchObject({
      labels: { call_type: 'call', method: '_OTHER', server: '_OTHER' },
      value: 1000,
    });
  });
});

describeWithRabbit('Metrics of connections', () => {
  const { connect, serve } = useRpc(rabbitUrl);

  it('have no sample of "up" before a transport is used, and none once it is closed', async () => {
    const { instrumentation, series } = measuring();
    const transport = connect({ instrumentation, name: 'east' });
    const other = getNotificationTransport({ transportUrl: rabbitUrl, instrumentation, logger: silent });
    expect(await series('oslo_messaging_up')).toEqual([]);
    expect(await series('oslo_messaging_pending_calls')).toEqual([
      { labels: { transport: 'rpc', broker: 'east' }, value: 0 },
      { labels: { transport: 'notifications' }, value: 0 },
    ]);
    await transport.connect();
    expect(await series('oslo_messaging_up')).toEqual([{ labels: { transport: 'rpc', broker: 'east' }, value: 1 }]);
    await Promise.all([transport.cleanup(), other.cleanup()]);
    expect(await series('oslo_messaging_up')).toEqual([]);
  });

  it('count losses and reconnections', async () => {
    const topic = uniqueTopic();
    const { instrumentation, totalOf } = measuring();
    const proxy = await TcpProxy.start(rabbitPort);
    const transportUrl = proxy.url;
    await serve(topic, 's', [new Endpoint()], { transport: connect({ instrumentation, transportUrl }) });
    const events = (event: string) => totalOf('oslo_messaging_events_total', { event });
    expect(await events('reconnections')).toBe(0);
    proxy.cut();
    await eventually(async () => {
      expect(await events('lost_connections')).toBeGreaterThan(0);
      expect(await events('reconnections')).toBe(await events('lost_connections'));
    });
    await proxy.close();
  });
});

describe('prometheus()', () => {
  const { connect } = useRpc('memory://');

  it('refuses a registry that has the metrics in use, and takes that of an application that has ended', async () => {
    const register = new Registry();
    const transport = connect({ instrumentation: [prometheus({ register })] });
    expect(() => prometheus({ register })).toThrow(
      /The registry has metrics with the prefix "oslo_messaging_" already/,
    );
    expect(() => prometheus({ register, prefix: 'other_' })).not.toThrow();
    await transport.cleanup();
    expect(await register.metrics()).toContain('oslo_messaging_rpc_client_invocation_start_total');
    expect(() => prometheus({ register })).not.toThrow();
  });

  it.each([
    [{ buckets: [1, 1] }, 'prometheus: buckets: expected an array of numbers in ascending order'],
    [{ process: 7 }, 'prometheus: process: expected text; got 7'],
    [{ backlog: 1 }, 'prometheus: backlog: expected true or false; got 1'],
    [{ register: {} }, 'prometheus: register: expected a Registry of prom-client; got an Object'],
    [{ prefix: 'a-b' }, 'prometheus: prefix: expected letters, digits and "_", not beginning with a digit; got "a-b"'],
    [{ prefix: 7 }, 'prometheus: prefix: expected letters, digits and "_", not beginning with a digit; got a number'],
    [{ registry: 1 }, 'registry'],
  ])('names a wrong option: %o', (options, message) => {
    expect(() => prometheus({ register: new Registry(), ...options } as never)).toThrow(message);
  });
});
