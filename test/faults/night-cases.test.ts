import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRpcServer, getRpcTransport, type OsloMessagingOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { diagnose, type Finding, isFault } from '../../lib/inspect/index.js';
import { withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { isDenying } from '../../testkit/release.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { type Outcome, osloRpc } from '../support/command.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

let node: RabbitNode;

beforeAll(async () => {
  if (rabbitUrl !== '') node = await borrowNode();
});
afterAll(() => returnNode(node));

const management = () => ['--management-url', node.managementUrl ?? ''];

/** Resolves when the command names the case, as the page does by `diagnose`. */
async function named(run: () => Promise<Outcome>, line: RegExp): Promise<void> {
  await eventually(async () => expect(await run()).toMatchObject({ code: 1, stdout: expect.stringMatching(line) }), {
    within: 60_000,
    every: 1000,
  });
}

/** Findings about the whole virtual host. */
const diagnosed = () => diagnose({ transportUrl: node.url, rabbit: { managementUrl: node.managementUrl ?? '' } });

const findingsOf = (topic: string, findings: readonly Finding[]) =>
  findings.filter(({ name }) => name === topic || name.startsWith(`${topic}.`));

/** Resolves when the management API has reported the state of a queue. */
async function reported(queue: string, state: object): Promise<void> {
  const { origin, username, password } = new URL(node.managementUrl ?? '');
  const authorization = `Basic ${btoa(`${username || 'guest'}:${password || 'guest'}`)}`;
  await eventually(
    async () => {
      const answer = await fetch(`${origin}/api/queues/%2F/${queue}`, { headers: { authorization } });
      expect(await answer.json()).toMatchObject(state);
    },
    { within: 30_000 },
  );
}

/** Findings of an application, in which the page runs. */
async function faults(options: OsloMessagingOptions = {}, ...targets: Target[]): Promise<Finding[]> {
  const managementUrl = node.managementUrl ?? '';
  const full = { transportUrl: node.url, ...options, rabbit: { managementUrl, ...options.rabbit } };
  return (await diagnose(full, targets)).filter(isFault);
}

/** Topic of a test, its servers, and the commands that look at it. */
function nightOf({ onTestFinished }: TestContext) {
  const topic = uniqueTopic('night');
  return {
    topic,
    doctor: (...flags: string[]) => osloRpc(['doctor', '--url', node.url, '--topic', topic, ...flags]),
    // Its default includes the start of the command, which can take seconds on a busy machine.
    check: (...flags: string[]) =>
      osloRpc(['check', '--url', node.url, '--topic', topic, '--timeout', '30s', ...flags]),
    async serve(options: OsloMessagingOptions = {}, work: () => unknown = () => 'done') {
      const transport = getRpcTransport({ transportUrl: node.url, logger: silent, ...options });
      onTestFinished(() => transport.cleanup());
      const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ work }]);
      await server.start();
      return { server, client: new RPCClient(transport, new Target({ topic })) };
    },
    async python(options: Parameters<typeof PythonPeer.start>[1] = {}): Promise<PythonPeer> {
      const peer = await PythonPeer.start(node.url, options);
      onTestFinished(async () => {
        await peer.stop();
      });
      return peer;
    },
  };
}

// Each has a topic and servers of its own, so that they run side by side, but for those that stop the broker.
describeWithPython('a night case', () => {
  it.concurrent('nobody consumes, is named by doctor and check, for a server in Python', async (test) => {
    const { topic, doctor, check, python } = nightOf(test);
    const peer = await python();
    const server = await peer.startServer({ topic, server: 'one' });
    expect(await doctor('--server', 'one', ...management())).toMatchObject({
      code: 0,
      stderr: isDenying ? expect.stringContaining('The broker denies transient queues') : '',
    });
    expect(await check()).toEqual({
      code: 0,
      stdout: `OK ${topic}: 1 consumer, 0 ready, exchange tacker not checked without --management-url\n`,
      stderr: '',
    });
    await server.stop();
    const line = new RegExp(`^unserved {2}queue ${topic}: .*0 consumers\\. .*MessagingTimeout.*Start a server`, 'm');
    await named(() => doctor('--server', 'one'), line);
    expect(await check()).toMatchObject({
      code: 1,
      stdout: `FAILED ${topic}: 0 consumers (at least 1 wanted)\n`,
    });
    expect(await faults({}, new Target({ topic }))).toContainEqual(
      expect.objectContaining({ kind: 'queue', name: topic, state: 'unserved' }),
    );
    // Without a topic, a queue is known by its messages.
    await withChannel(node.url, async (channel) => {
      channel.sendToQueue(topic, Buffer.from('{}'));
      await channel.waitForConfirms();
    });
    await named(
      () => osloRpc(['doctor', '--url', node.url, ...management()]),
      new RegExp(`^unserved {2}queue ${topic}: 1 message waits, and nobody consumes`, 'm'),
    );
  });

  it.concurrent('durable against transient, is named by doctor, beside a server in Python', async (test) => {
    const { topic, python } = nightOf(test);
    const peer = await python();
    await peer.startServer({ topic, server: 'one' });
    // Where transient queues are denied, that of the server is a quorum queue.
    const [found, cure] = isDenying
      ? ['durable quorum', 'rabbit_quorum_queue\\) to true']
      : ['transient classic', 'amqp_durable_queues\\) to false'];
    const url = `${node.url}?amqp_durable_queues=true&rabbit_quorum_queue=false`;
    const outcome = await osloRpc(['doctor', '--url', url, '--topic', topic, ...management()]);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(
      new RegExp(`^conflict {2}queue ${topic}: .*it is a ${found} queue.*Either set .*${cure}`, 'm'),
    );
    const rabbit = { amqpDurableQueues: true, rabbitQuorumQueue: false };
    expect(await faults({ rabbit }, new Target({ topic }))).toContainEqual(
      expect.objectContaining({ name: topic, state: 'conflict', why: expect.stringContaining('do not start') }),
    );
  });

  it.concurrent('the wrong exchange, is named by doctor, with the exchange of a server in Python', async (test) => {
    const { topic, doctor, check, python } = nightOf(test);
    const peer = await python({ controlExchange: 'openstack' });
    await peer.startServer({ topic, server: 'one', exchange: null });
    const exchange = uniqueTopic('exchange');
    const line = `it is bound to the exchange "openstack" by the key "${topic}", not to the exchange "${exchange}"`;
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: false });
      channel.publish(exchange, topic, Buffer.from('{}'));
      const { code, stdout } = await doctor('--exchange', exchange, ...management());
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(line) });
      expect(stdout).toContain('control_exchange');
      const bound = `bound to exchange openstack, not to ${exchange}: calls there are undeliverable, give --exchange`;
      expect(await check('--exchange', exchange, ...management())).toMatchObject({
        code: 1,
        stdout: `FAILED ${topic}: ${bound}\n`,
      });
      expect(await check('--exchange', uniqueTopic('none'))).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^FAILED .*: no exchange none-/),
      });
      expect(await check('--exchange', 'openstack', ...management())).toMatchObject({
        code: 0,
        stdout: `OK ${topic}: 1 consumer, 0 ready\n`,
      });
      // The exchange of a caller, where its topics are not known. The broker forgets the counts of a short connection.
      await named(
        () => osloRpc(['doctor', '--url', node.url, ...management()]),
        new RegExp(`^unbound {3}exchange ${exchange}: 1 message was published to it, and none reached a queue`, 'm'),
      );
    });
    expect(await faults({}, new Target({ topic, exchange }))).toContainEqual(
      expect.objectContaining({ name: topic, state: 'unbound' }),
    );
  });

  it.concurrent('a slow handler, is named by doctor, with the server that says so', async (test) => {
    const { topic, doctor, serve } = nightOf(test);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    test.onTestFinished(() => release());
    const { client } = await serve({ concurrency: 1, rpcDiscoveryEnabled: true }, () => held);
    for (let sent = 0; sent < 3; sent++) await client.cast({}, 'work');
    await named(() => doctor(), new RegExp(`^slow {6}server ${topic}\\.one: its only slot is taken`, 'm'));
    expect(await faults({}, new Target({ topic }))).toContainEqual(
      expect.objectContaining({ kind: 'server', name: `${topic}.one`, state: 'slow' }),
    );
  });

  it.concurrent('a slow handler, is named by doctor and check, by the silence of a server in Python', async (test) => {
    const { topic, doctor, check, python } = nightOf(test);
    const peer = await python({ rpcPing: true });
    await peer.startServer({ topic, server: 'one' });
    expect(await check('--ping')).toMatchObject({ code: 0, stdout: expect.stringMatching(/ping \d+ ms/) });
    // One for each of its 64 threads, which acknowledges it and begins.
    for (let sent = 0; sent < 64; sent++) await peer.cast({ topic, method: 'slow', args: { seconds: 120 } });
    const line = new RegExp(`^slow {6}topic ${topic}: its queue has 1 consumer, but no server has answered`, 'm');
    // Nothing waits and nothing is unacknowledged, so that servers are not asked by themselves.
    await named(() => doctor('--ask-servers'), line);
    const began = performance.now();
    expect(await check('--ping', '--timeout', '10s')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining(`No answer in time from a server of the topic "${topic}" to the ping`),
    });
    expect(performance.now() - began).toBeLessThan(60_000);
    await peer.kill();
  });

  it.concurrent('a queue that piles up, is named by doctor and check', async (test) => {
    const { topic, doctor, check } = nightOf(test);
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: isDenying });
      await channel.assertQueue(topic, { durable: isDenying });
      await channel.bindQueue(topic, 'tacker', topic);
      await channel.prefetch(1);
      await channel.consume(topic, () => undefined);
      for (let sent = 0; sent < 30; sent++) channel.sendToQueue(topic, Buffer.from('{}'));
      const line = new RegExp(`^piling up {2}queue ${topic}: \\d+ messages wait, .* with 1 consumer`, 'm');
      await named(() => doctor(), line);
      // By what the broker reports every few seconds, too.
      const held = new RegExp(`^slow {6}queue ${topic}: 1 message is unacknowledged with 1 consumer, 29 wait`, 'm');
      await named(() => doctor(...management()), held);
      const much = await check('--max-unacknowledged', '0', ...management());
      expect(much).toMatchObject({ code: 1, stdout: `FAILED ${topic}: 1 unacknowledged (at most 0 wanted)\n` });
      const max = await check('--max-ready', '10');
      expect(max).toMatchObject({ code: 1, stdout: `FAILED ${topic}: 29 ready (at most 10 wanted)\n` });
      expect(await faults({}, new Target({ topic }))).toContainEqual(
        expect.objectContaining({ name: topic, state: 'piling up' }),
      );
    });
  });

  it('a memory alarm, is named by doctor and check, with and without the management API', async (test) => {
    const { topic, doctor, check, serve } = nightOf(test);
    await serve();
    await node.rabbitmqctl('set_vm_memory_high_watermark', '0.0000001');
    try {
      await named(() => doctor(), /^alarmed {3}broker .*\(low on memory\).*vm_memory_high_watermark/m);
      await named(() => doctor(...management()), /^alarmed {3}broker .*: memory alarm: it uses .* MB of .* MB\./m);
      expect(await check()).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAILED .*low on memory/) });
      expect(await osloRpc(['tap', '--url', node.url, '--topic', topic, '--for', '2s'])).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/^MessageDeliveryFailure: The tap sees nothing: .*low on memory/m),
      });
      expect(await faults({}, new Target({ topic }))).toContainEqual(expect.objectContaining({ state: 'alarmed' }));
    } finally {
      await node.rabbitmqctl('set_vm_memory_high_watermark', '0.4');
    }
    await eventually(async () => expect(await check()).toMatchObject({ code: 0 }));
  });

  it.concurrent('a server in Python that has just started, is fine, and doctor leaves no error in its log', async (test) => {
    const { topic, python, doctor } = nightOf(test);
    const peer = await python();
    await withChannel(node.url, async (channel) => {
      const { queue } = await channel.assertQueue(`${topic}.info`, { durable: isDenying });
      channel.sendToQueue(queue, Buffer.from('{}'));
      await reported(queue, { consumers: 0, messages_ready: 1 });
      // The management API shows the state before this for some seconds.
      await channel.consume(queue, () => undefined);
      await peer.startServer({ topic, server: 'one' });
      expect(findingsOf(topic, await diagnosed())).toEqual([
        expect.objectContaining({ kind: 'topic', state: 'as asked', text: expect.stringContaining('1 server (one)') }),
      ]);
    });
    expect(await doctor(...management())).toMatchObject({ code: 0 });
    expect(peer.stderr).not.toContain('oslo_rpc_server');
    // It is the question that Python logs.
    await doctor('--ask-servers');
    await eventually(() => expect(peer.stderr).toContain('oslo_rpc_server_stats'));
  });

  it.concurrent('a server in Python that has just crashed, is named by doctor, whatever the statistics say', async (test) => {
    const { topic, python } = nightOf(test);
    const peer = await python();
    await peer.startServer({ topic, server: 'one' });
    await reported(topic, { consumers: 1 });
    await peer.kill();
    await withChannel(node.url, (channel) =>
      eventually(async () => expect(await channel.checkQueue(topic)).toMatchObject({ consumerCount: 0 })),
    );
    expect(findingsOf(topic, await diagnosed())).toEqual([
      expect.objectContaining({
        kind: 'topic',
        state: 'unserved',
        text: expect.stringContaining('0 servers, 1 stopped'),
      }),
    ]);
  });

  it.concurrent('a management API that does not answer, is named by check', async (test) => {
    const { topic, check, serve } = nightOf(test);
    await serve();
    const mute = createServer();
    test.onTestFinished(() => void mute.close());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const outcome = await check('--max-unacknowledged', '5', '--management-url', `http://${host}`);
    const stdout = `TIMEOUT ${topic}: ManagementFailure: the management API at ${host} failed: no answer within 2 s\n`;
    expect(outcome).toMatchObject({ code: 3, stdout });
  });

  // The last one: it restarts the broker.
  it('a broker that is down, is named by doctor and check, and what to look at when it is back', async (test) => {
    const { topic, doctor, check, serve } = nightOf(test);
    const transient = await serve();
    await node.halt();
    const down = await doctor();
    expect(down).toMatchObject({ code: 4, stdout: '' });
    expect(down.stderr).toMatch(
      /^unreachable {2}host 127\.0\.0\.1:\d+: connect ECONNREFUSED .*Nothing listens.*Start the broker/m,
    );
    expect(await check()).toMatchObject({ code: 4, stdout: expect.stringMatching(/^UNREACHABLE .*ECONNREFUSED/) });
    expect(await faults({}, new Target({ topic }))).toEqual([
      expect.objectContaining({
        kind: 'host',
        state: 'unreachable',
        cure: expect.stringContaining('Start the broker'),
      }),
    ]);
    await node.restart();
    // The server has declared its queue again.
    await eventually(async () => expect(await check()).toMatchObject({ code: 0 }), { within: 60_000 });
    expect(await doctor('--server', 'one')).toMatchObject({ code: 0 });
    await transient.server.stop();
    expect(await check()).toMatchObject({ code: 1 });
  });
});
