import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { getRpcServer, getRpcTransport, type RabbitOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import { isDenying } from '../../../testkit/release.js';
import { borrowNode, returnNode } from '../../support/borrowed-node.js';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const PASSWORD = 's3cret-pa55';

/** For conflicts with transient exchanges and queues: a broker that denies them has none, and servers do not ask for any. */
const itWithTransient = it.skipIf(isDenying);
/** Remark of the command on standard error. */
const REMARK = isDenying ? expect.stringContaining('The broker denies transient queues') : '';

const cleanups: (() => Promise<unknown>)[] = [];
let node: RabbitNode;

beforeAll(async () => {
  if (rabbitUrl === '') return;
  node = await borrowNode();
  await node.rabbitmqctl('add_user', 'doctor', PASSWORD);
  await node.rabbitmqctl('set_user_tags', 'doctor', 'administrator');
  await node.rabbitmqctl('set_permissions', 'doctor', '^(?!forbidden).*', '.*', '.*');
});
afterAll(() => returnNode(node));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describeWithRabbit('a declaration that conflicts with the broker', () => {
  let topic: string;
  let exchange: string;

  beforeEach(() => {
    topic = uniqueTopic();
    exchange = uniqueTopic('exchange');
  });

  const url = () => `rabbit://doctor:${PASSWORD}@127.0.0.1:${node.port}/`;
  const management = () => node.managementUrl ?? '';

  function connect(rabbit: RabbitOptions) {
    const logger = new LogRecorder();
    const options = {
      transportUrl: url(),
      rabbit,
      controlExchange: exchange,
      logger,
      rpcResponseTimeout: '10s' as const,
    };
    const transport = getRpcTransport(options);
    cleanups.push(async () => {
      await transport.cleanup();
      expect(JSON.stringify(logger.lines)).not.toContain(PASSWORD);
    });
    const client = new RPCClient(transport, new Target({ topic }));
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    cleanups.push(() => server.stop());
    return { client, server, logger, transport };
  }

  /** Returns the error of the server's start. */
  async function refusal(rabbit: RabbitOptions): Promise<string> {
    const error: unknown = await connect(rabbit)
      .server.start()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVER_LISTEN' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD);
    return (error as Error).message;
  }

  const declareQueue = (durable: boolean, args: object = {}, name = topic) =>
    withChannel(node.url, (channel) => channel.assertQueue(name, { durable, arguments: args }));
  const declareFanout = () =>
    withChannel(node.url, (channel) =>
      channel.assertExchange(`${topic}_fanout`, 'fanout', { durable: isDenying, autoDelete: true }),
    );
  const declareExchange = (type: string, durable: boolean, name = exchange) =>
    withChannel(node.url, (channel) => channel.assertExchange(name, type, { durable }));

  itWithTransient(
    'is refused by clients and servers with topologyConflict: fail, with the option and both definitions',
    async () => {
      await declareExchange('topic', true);
      const options = { topologyConflict: 'fail', managementUrl: management() } as const;
      const message = await refusal(options);
      expect(message).toContain(`The exchange "${exchange}" cannot be declared`);
      expect(message).toContain('Requested is a transient topic exchange; it is a durable topic exchange');
      expect(message).toContain('set rabbit.amqpDurableQueues (oslo: amqp_durable_queues) to true');
      expect(message).toContain(`rabbitmqadmin delete exchange --name ${exchange}`);
      await expect(connect(options).client.cast({}, 'who')).rejects.toMatchObject({
        code: 'DELIVERY_FAILURE',
        message: expect.stringContaining('amqp_durable_queues'),
      });
    },
  );

  itWithTransient('logs a warning with the same content by default', async () => {
    await declareQueue(true, { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 });
    const { server, client, logger } = connect({ managementUrl: management() });
    await server.start();
    expect(await client.call({}, 'who')).toBe('one');
    const [warning = '', ...others] = logger.messages(/queue/, 'warn');
    expect(others).toEqual([]);
    expect(warning).toContain(`The queue "${topic}" exists with other options`);
    expect(warning).toContain('it is a durable quorum queue, x-delivery-limit=3');
    // The broker's own words name the first difference only.
    expect(warning).toContain('amqp_durable_queues) to true, and set rabbit.rabbitQuorumQueue');
    expect(warning).toContain("rabbit_quorum_delivery_limit) to the existing value, '3'");
    expect(warning).toContain(`rabbitmqctl delete_queue ${topic}`);
  });

  it.each([
    [
      'a quorum queue',
      { 'x-queue-type': 'quorum' },
      { amqpDurableQueues: true, rabbitQuorumQueue: false },
      'rabbit_quorum_queue) to true',
    ],
    ['a classic queue', {}, { rabbitQuorumQueue: true }, 'rabbit_quorum_queue) to false'],
    [
      'a queue with another limit',
      { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 },
      { rabbitQuorumQueue: true, rabbitQuorumDeliveryLimit: 5 },
      'rabbit_quorum_delivery_limit) to the existing value',
    ],
    ['a bounded queue', { 'x-max-length': 9 }, { amqpDurableQueues: true }, 'x-max-length by a policy'],
  ])('names the option to change for %s', async (_name, args, rabbit, advice) => {
    await declareQueue(true, args);
    expect(await refusal({ ...rabbit, topologyConflict: 'fail' })).toContain(advice);
  });

  it('names the remedy for an exchange of another type, which is never adopted', async () => {
    await declareExchange('direct', false);
    expect(await refusal({})).toContain('controlExchange; oslo: control_exchange');
    exchange = uniqueTopic('exchange');
    await declareExchange('direct', false, `${topic}_fanout`);
    expect(await refusal({})).toContain('use another topic');
  });

  it('names the remedy for missing permissions, and for a queue in exclusive use', async () => {
    topic = uniqueTopic('forbidden');
    expect(await refusal({})).toMatch(/queue "forbidden.*cannot be declared.*ACCESS_REFUSED.*set_permissions/);
    topic = uniqueTopic();
    await withChannel(node.url, async (channel) => {
      await channel.assertQueue(topic, { exclusive: true, durable: false });
      expect(await refusal({})).toMatch(/RESOURCE_LOCKED.*Another connection uses it exclusively/);
    });
  });

  itWithTransient('quotes the broker if the management API is unavailable', async () => {
    await declareExchange('topic', true);
    const unreachable = await refusal({
      topologyConflict: 'fail',
      managementUrl: 'http://admin:s3cret-pa55@127.0.0.1:1',
    });
    expect(unreachable).toMatch(/inequivalent arg 'durable'.*127\.0\.0\.1:1 failed: .*ECONNREFUSED/);
    const wrong = management().replace('http://', 'http://nobody:s3cret-pa55@');
    expect(await refusal({ topologyConflict: 'fail', managementUrl: wrong })).toMatch(/failed: it answers 401/);
    const html = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    cleanups.push(async () => html.close());
    await eventually(() => expect(html.listening).toBe(true));
    const notJson = `http://127.0.0.1:${(html.address() as AddressInfo).port}`;
    expect(await refusal({ topologyConflict: 'fail', managementUrl: notJson })).toMatch(/its answer is not JSON/);
  });

  it('has validated options, and prints no password', () => {
    const make = (rabbit: object) => () => getRpcTransport({ transportUrl: 'memory://', rabbit });
    expect(make({ topologyConflict: 'ignore' })).toThrow(/rabbit\.topologyConflict.*one of adopt, fail; got "ignore"/);
    expect(make({ managementUrl: `ftp://u:${PASSWORD}@h` })).toThrow(/rabbit\.managementUrl.*http:\/\/ or https/);
    expect(make({ managementUrl: `ftp://u:${PASSWORD}@h` })).not.toThrow(PASSWORD);
    expect(make({ managementUrl: `http://u:50%@h` })).toThrow(/rabbit\.managementUrl/);
    const rabbit = { managementUrl: `http://u:${PASSWORD}@127.0.0.1:1` };
    const transport = getRpcTransport({ transportUrl: 'rabbit://127.0.0.1:1/', rabbit });
    cleanups.push(() => transport.cleanup());
    for (const shown of [transport.settings, Object.values(transport)])
      expect(inspect(shown, { depth: 20, showHidden: true }) + JSON.stringify(shown.toString())).not.toContain(
        PASSWORD,
      );
    const query = `?management_url=${encodeURIComponent(`http://u:${PASSWORD}@h`)}`;
    expect(() => getRpcTransport({ transportUrl: `rabbit://h/${query}` })).toThrow(/management_url/);
    expect(() => getRpcTransport({ transportUrl: `rabbit://h/${query}` })).not.toThrow(PASSWORD);
  });

  it('includes a removed binding, which is declared again, logged and counted', async () => {
    const checking = { managementUrl: management(), topologyCheckInterval: '200ms' } as const;
    const { server, client, logger, transport } = connect(checking);
    await server.start();
    await withChannel(node.url, (channel) => channel.unbindQueue(topic, exchange, topic));
    const line = `The broker has lost the binding of "${topic}" to "${exchange}": it is bound again`;
    await eventually(() => expect(logger.messages(new RegExp(line), 'warn')).toHaveLength(1), { within: 20_000 });
    expect(transport.counts).toMatchObject({ redeclared: 1, lostConnections: 0 });
    expect(await client.call({}, 'who')).toBe('one');
  });

  const doctor = (query: string, ...flags: string[]) =>
    osloRpc(['doctor', '--url', url() + query, '--topic', topic, '--exchange', exchange, ...flags]);

  itWithTransient('is found by oslo-rpc doctor, which declares nothing', async () => {
    await declareExchange('topic', true);
    await declareQueue(false);
    const before = await doctor('?amqp_durable_queues=true', '--server', 'one', '--management-url', management());
    expect(before).toMatchObject({ code: 1, stderr: '' });
    const lines = before.stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      `as asked  exchange ${exchange}: a durable topic exchange`,
      `absent    exchange ${topic}_fanout: a transient auto-delete fanout exchange would be declared`,
      expect.stringMatching(
        `^conflict  queue ${topic}: .*it is a transient classic queue.*amqp_durable_queues\\) to false`,
      ),
      // Most programs use it as it is: it must work nevertheless.
      expect.stringMatching(`^unbound   queue ${topic}: as it is, 0 messages, 0 consumers; it is bound to no exchange`),
      `absent    queue ${topic}.one: a durable classic queue would be declared`,
    ]);
    await withChannel(node.url, (channel) => channel.deleteQueue(topic));
    expect(await doctor('?amqp_durable_queues=true', '--server', 'one')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`absent    topic ${topic}: nobody serves it: it has no queue`),
    });
    const { server } = connect({ amqpDurableQueues: true });
    await server.start();
    const served = await doctor('?amqp_durable_queues=true', '--server', 'one', '--json');
    expect(served.code).toBe(0);
    expect(JSON.parse(served.stdout)).toContainEqual({
      kind: 'queue',
      name: topic,
      state: 'as asked',
      text: 'a durable classic queue, 0 messages, 1 consumer',
    });
    expect(JSON.parse(served.stdout)).toHaveLength(4);
    const durable = `${url()}?amqp_durable_queues=true`;
    const mistyped = ['doctor', '--url', durable, '--topic', `${topic}x`, '--exchange', exchange];
    expect(await osloRpc([...mistyped, '--management-url', management()])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Did you mean the topic ${topic}?`),
    });
  });

  it('is reported by oslo-rpc doctor for a server on another exchange, with the management API or without that exchange', async () => {
    const { server } = connect({});
    await server.start();
    const asked = exchange;
    expect(await doctor('', '--server', 'one', '--management-url', management())).toMatchObject({
      code: 0,
      stderr: REMARK,
    });
    exchange = uniqueTopic('exchange');
    const absent = await doctor('', '--server', 'one');
    expect(absent.code).toBe(1);
    expect(absent.stdout).toMatch(
      new RegExp(`^unbound   queue ${topic}.one: .*1 consumer; the exchange is not there, not to .*${exchange}`, 'm'),
    );
    await declareExchange('topic', isDenying);
    const unseen = await doctor('');
    expect(unseen).toMatchObject({ code: 0, stderr: expect.stringContaining('give --management-url') });
    const seen = await doctor('', '--management-url', management());
    expect(seen).toMatchObject({ code: 1, stderr: REMARK });
    expect(seen.stdout).toContain(`it is bound to the exchange "${asked}" by the key "${topic}", not to`);
    expect(seen.stdout).toContain('control_exchange');
  });

  it('is reported by oslo-rpc doctor without a consumer', async () => {
    const { server } = connect({});
    await server.start();
    await server.stop();
    const outcome = await doctor('', '--server', 'one', '--json');
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toContainEqual({
      kind: 'queue',
      name: `${topic}.one`,
      state: 'unserved',
      text: `a ${isDenying ? 'durable quorum' : 'transient classic'} queue, 0 messages, 0 consumers`,
      why: expect.stringContaining('MessagingTimeout'),
      cure: expect.stringContaining('Start a server'),
    });
    await declareFanout();
    const fanout = await doctor('', '--management-url', management());
    expect(fanout.stdout).toContain(`unserved  exchange ${topic}_fanout`);
  });

  it('is reported by oslo-rpc doctor with the harm and the remedy apart from the fault', async () => {
    await declareExchange('topic', true);
    // Not what is asked for, on any broker.
    await declareQueue(true, { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 });
    await declareFanout();
    const { server } = connect({});
    const faults = async (...flags: string[]) => {
      const { stdout } = await doctor(...(flags as [string]), '--management-url', management(), '--json');
      return (JSON.parse(stdout) as Finding[]).filter(({ state }) => state !== 'as asked' && state !== 'absent');
    };
    const conflict = await faults('?amqp_durable_queues=true');
    await server.start();
    exchange = uniqueTopic('exchange');
    const unbound = await faults('', '--server', 'one');
    topic = uniqueTopic('forbidden');
    const refused = await faults('');
    const found = [...conflict, ...unbound, ...refused];
    expect(found.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['conflict', 'unserved', 'unbound', 'refused']),
    );
    const remedy = /Either set|Start a server|Give its servers|set_permissions/;
    for (const { text, why = '', cure = '' } of found) {
      expect([text, why, cure].every((part) => part.length > 0)).toBe(true);
      expect(`${text} ${why}`).not.toMatch(remedy);
    }
    expect(found.filter(({ state }) => state !== 'lossy').every(({ cure = '' }) => remedy.test(cure))).toBe(true);
  });

  it('does not hide wrong usage or an unavailable broker', async () => {
    expect(await doctor('', '--management-url', 'nonsense')).toMatchObject({ code: 2 });
    const wrong = await osloRpc(['doctor', '--url', url().replace(':s3', ':S3'), '--topic', topic]);
    expect(wrong).toMatchObject({ code: 4, stdout: '' });
    expect(wrong.stderr).toContain('ACCESS_REFUSED');
  });
});

describeWithRabbit('oslo-rpc list', () => {
  it('shows the topics of a broker, their servers, and those that do not answer discovery', async () => {
    const [topic, exchange] = [uniqueTopic(), uniqueTopic('exchange')];
    const start = async (server: string, rpcDiscoveryEnabled: boolean) => {
      const transport = getRpcTransport({ transportUrl: node.url, rpcDiscoveryEnabled, logger: silent });
      cleanups.push(() => transport.cleanup());
      await getRpcServer(transport, new Target({ topic, exchange, server }), [{ who: () => 'one' }]).start();
      return transport;
    };
    await Promise.all([start('answering', true), start('older', false)]);
    await (await start('stopped', true)).cleanup();
    const management = (node.managementUrl ?? '').replace('://', '://guest:guest@');
    const list = () => osloRpc(['list', '--url', node.url, '--management-url', management, '--timeout', '2s']);
    const rows = [
      expect.stringMatching(/ answering +nestjs-oslo-messaging [\d.]+ +1\.0 \(1 method\)$/),
      expect.stringMatching(/ older +Python or older$/),
      expect.stringMatching(/ stopped +not running$/),
    ];
    // The management API counts consumers with a delay.
    const shown = async () => (await list()).stdout.split('\n').filter((line) => line.startsWith(topic));
    await expect.poll(shown, { timeout: 60_000 }).toEqual(rows);
  });
});
