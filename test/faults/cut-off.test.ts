import {
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitControl, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Bar for the gap of a service, in milliseconds, on a machine whose broker answers at once. */
const MAX_GAP_MS = 5000;
/** Answers of the broker that the clients have to wait for until they serve again. */
const ANSWERS = 10;

/** Returns the bar for the gap, where the broker is as slow as now. */
async function maxGap(): Promise<number> {
  return MAX_GAP_MS + ANSWERS * (await Stopwatch.time(() => withChannel(rabbitUrl, async () => undefined)));
}

describeWithRabbit('a node that answers nothing, with another host in the URL', () => {
  const open: (() => Promise<unknown>)[] = [];
  let hosts: TcpProxy[];
  let logger: LogRecorder;
  let topic: string;

  beforeEach(async () => {
    hosts = [await TcpProxy.start(rabbitPort), await TcpProxy.start(rabbitPort)];
    for (const host of hosts) open.push(() => host.close());
    logger = new LogRecorder();
    topic = uniqueTopic();
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  function connect(options: Partial<OsloMessagingOptions> = {}): Transport {
    const addresses = hosts.map(({ port }) => `guest:guest@127.0.0.1:${port}`);
    const transportUrl = `rabbit://${addresses.join(',')}/`;
    const transport = getRpcTransport({ transportUrl, logger, rpcResponseTimeout: '20s', ...options });
    open.push(() => transport.cleanup());
    return transport;
  }

  async function serve(transport: Transport): Promise<void> {
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [
      { who: () => 'one', note: () => undefined },
    ]);
    open.push(() => server.stop());
    await server.start();
  }

  /** Returns the host that the transport is connected to, and the other one. */
  function inUse(): [TcpProxy, TcpProxy] {
    const used = hosts.find(({ connections }) => connections > 0);
    const other = hosts.find((host) => host !== used);
    if (!used || !other) throw new Error('There is no connection, or both hosts have some');
    return [used, other];
  }

  it('is preferred by both connections, and left by both while a call waits, which is answered', async () => {
    await serve(connect({ transportUrl: rabbitUrl }));
    const transport = connect();
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    const [used, other] = inUse();
    expect(used.connections).toBe(2);
    const statuses: string[] = [];
    open.push(async () => end());
    const end = transport.onStatus((status) => statuses.push(status));
    used.stall();
    const took = Stopwatch.time(async () => expect(await client.call({}, 'who')).toBe('one'));
    expect(await took).toBeLessThan(await maxGap());
    expect(other.connections).toBe(2);
    expect(statuses).toContain('degraded');
    expect(transport.health().status).toBe('connected');
    // A reply queue that both connections consume from would lose every second reply.
    for (let calls = 0; calls < 10; calls++) expect(await client.call({}, 'who')).toBe('one');
    expect(logger.messages(/the node answers nothing that needs its cluster/, 'warn')).toHaveLength(2);
  });

  it('is left by a server whose busy traffic ends', async () => {
    await serve(connect());
    const client = new RPCClient(connect({ transportUrl: rabbitUrl }), new Target({ topic }));
    for (let calls = 0; calls < 5; calls++) await Promise.all(Array.from({ length: 20 }, () => client.call({}, 'who')));
    const [used, other] = inUse();
    // Bytes are lost without a word to either side.
    used.halfOpen();
    const took = Stopwatch.time(() => eventually(() => expect(other.connections).toBe(2)));
    expect(await took).toBeLessThan(await maxGap());
    await eventually(async () => expect(await client.prepare({ timeout: '1s' }).call({}, 'who')).toBe('one'));
  });

  it('is left with a new reply queue, because the old one still belongs to the lost connection', async () => {
    await serve(connect({ transportUrl: rabbitUrl, rabbit: { profile: 'rabbitmq-4' } }));
    const transport = connect({ rabbit: { profile: 'rabbitmq-4' } });
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    const before = transport.health().replyQueue?.queue;
    inUse()[0].halfOpen();
    const took = Stopwatch.time(async () => expect(await client.call({}, 'who')).toBe('one'));
    expect(await took).toBeLessThan(await maxGap());
    const { queue, attached } = transport.health().replyQueue ?? {};
    expect(attached).toBe(true);
    expect(queue).not.toBe(before);
  });

  it.each(['the other host', 'it'] as const)(
    'is left only for a host that answers, while a cluster elects: %s',
    async (answers) => {
      await serve(connect({ transportUrl: rabbitUrl }));
      const transport = connect();
      const client = new RPCClient(transport, new Target({ topic }));
      expect(await client.call({}, 'who')).toBe('one');
      const [used, other] = inUse();
      for (const host of hosts) host.stall();
      const answer = client.call({}, 'who');
      await eventually(() => expect(other.accepted).toBeGreaterThan(0));
      expect(transport.health().status).toBe('degraded');
      expect(transport.counts.lostConnections).toBe(0);
      const [server, unused] = answers === 'it' ? [used, other] : [other, used];
      server.resume();
      expect(await answer).toBe('one');
      // A proxy that stalls notices no end.
      unused.resume();
      await eventually(() => expect([server.connections, unused.connections]).toEqual([2, 0]));
      expect(transport.counts.lostConnections).toBe(answers === 'it' ? 0 : 2);
      await eventually(() => expect(transport.health().status).toBe('connected'));
    },
  );

  it.runIf(rabbitControl)('is kept where it answers, but not the channel on which requests wait', async () => {
    await serve(connect({ transportUrl: rabbitUrl }));
    const transport = connect();
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    const ports = inUse()[0].links.map(({ port }) => port);
    const evaluate = async (expression: string) => (await rabbitControl?.rabbitmqctl('eval', expression)) ?? '';
    // Channels of other tests may end meanwhile.
    const found = await evaluate(`[Pid || Pid <- rabbit_channel:list_local(), [{name, Name}, {confirm, true}] <-
      [(catch rabbit_channel:info(Pid, [name, confirm]))], Port <- [${ports.join(', ')}],
      string:find(Name, ":" ++ integer_to_list(Port) ++ " ->") =/= nomatch].`);
    const channels = found.match(/<[\d.]+>/g) ?? [];
    expect(channels).not.toEqual([]);
    const all = (act: 'suspend' | 'resume') =>
      Promise.all(channels.map((pid) => evaluate(`sys:${act}(list_to_pid("${pid}")).`)));
    await all('suspend');
    const cast = client.cast({}, 'note');
    const soon = client.prepare({ timeout: '1s' });
    const took = Stopwatch.time(() => eventually(async () => expect(await soon.call({}, 'who')).toBe('one')));
    expect(await took).toBeLessThan(await maxGap());
    await all('resume');
    await cast;
    expect(transport.counts.lostConnections).toBe(0);
  });

  it.runIf(rabbitControl)('is left by a user who may not declare the queue', async () => {
    await serve(connect({ transportUrl: rabbitUrl }));
    const user = uniqueTopic('user');
    await rabbitControl?.rabbitmqctl('add_user', user, user);
    open.push(async () => rabbitControl?.rabbitmqctl('delete_user', user));
    await rabbitControl?.rabbitmqctl('set_permissions', user, '^tacker$', '.*', '^$');
    const addresses = hosts.map(({ port }) => `${user}:${user}@127.0.0.1:${port}`);
    const client = new RPCClient(connect({ transportUrl: `rabbit://${addresses.join(',')}/` }), new Target({ topic }));
    await client.cast({}, 'note');
    const [used, other] = inUse();
    used.stall();
    const took = Stopwatch.time(() => client.cast({}, 'note'));
    expect(await took).toBeLessThan(await maxGap());
    // One to ask, and one to publish.
    expect(other.accepted).toBe(2);
    await eventually(() => expect(other.connections).toBe(1));
  });

  it('is not left where there is no other host', async () => {
    hosts.splice(1);
    await serve(connect({ transportUrl: rabbitUrl }));
    const transport = connect({ rpcResponseTimeout: '4s' });
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    hosts[0]?.stall();
    await expect(client.call({}, 'who')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(transport.counts.lostConnections).toBe(0);
  });
});
