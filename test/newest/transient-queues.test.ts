import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  type RabbitOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { PERMITTED_QUERY } from '../../testkit/release.js';
import { osloRpc } from '../support/command.js';
import { describeWithPython, describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { PythonPeer } from '../support/python-peer.js';
import { Stopwatch } from '../support/stopwatch.js';

const SWITCHED = /The broker denies transient queues: .* options of rabbit\.profile 'rabbitmq-4'/;
const CURE = /the broker denies transient queues, and rabbit\.profile 'classic' asks for them\. Leave it out/;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function connect(options: Partial<OsloMessagingOptions> = {}) {
  const logger = new LogRecorder();
  const transport = getRpcTransport({ transportUrl: rabbitUrl, rpcResponseTimeout: '20s', logger, ...options });
  open.push(() => transport.cleanup());
  return { transport, logger };
}

const serverOf = (transport: ReturnType<typeof connect>['transport'], topic: string) => {
  const heard: unknown[] = [];
  const endpoint = { who: () => 'one', note: (_context: object, args: object) => void heard.push(args) };
  const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]);
  open.push(() => server.stop());
  return { server, heard };
};

async function exchangeIsDurable(name: string): Promise<boolean> {
  return withChannel(rabbitUrl, (channel) =>
    channel.assertExchange(name, 'topic', { durable: true }).then(
      () => true,
      () => false,
    ),
  );
}

describeWithRabbit('a broker that denies transient queues, with the default options', () => {
  it('serves calls, casts and fanouts on queues that it permits, and says so once', async () => {
    const { transport, logger } = connect();
    const topic = uniqueTopic();
    const { server, heard } = serverOf(transport, topic);
    await server.start();
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    await client.cast({}, 'note', { n: 1 });
    await client.prepare({ fanout: true }).cast({}, 'note', { n: 2 });
    await eventually(() => expect(heard).toHaveLength(2));
    expect(logger.messages(SWITCHED, 'warn')).toHaveLength(1);
    expect(logger.messages(/./, 'warn')).toHaveLength(1);
    expect(transport.counts.lostConnections).toBe(0);
  });

  it('declares a durable exchange although a caller comes first, for servers with other programs', async () => {
    const controlExchange = uniqueTopic('exchange');
    const { transport } = connect({ controlExchange });
    await new RPCClient(transport, new Target({ topic: uniqueTopic() })).cast({}, 'note');
    expect(await exchangeIsDurable(controlExchange)).toBe(true);
  });

  it('takes notifications', async () => {
    const logger = new LogRecorder();
    const transport = getNotificationTransport({ transportUrl: rabbitUrl, logger });
    open.push(() => transport.cleanup());
    const topic = uniqueTopic('notifications');
    const notifier = new Notifier(transport, { publisherId: 'p', driver: 'messaging', topics: [topic], retry: 0 });
    await notifier.info({}, 'event', { n: 1 });
    const { messageCount } = await withChannel(rabbitUrl, (channel) => channel.checkQueue(`${topic}.info`));
    expect(messageCount).toBe(1);
  });

  it('keeps the options that are given beside it', async () => {
    const { transport } = connect({ rabbit: { rabbitQuorumQueue: false, amqpDurableQueues: true } });
    const topic = uniqueTopic();
    await serverOf(transport, topic).server.start();
    const classic = { durable: true, arguments: { 'x-queue-type': 'classic' } };
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, classic));
    expect(await new RPCClient(transport, new Target({ topic })).call({}, 'who')).toBe('one');
  });

  it.each<RabbitOptions>([{}, { profile: 'rabbitmq-4' }, { rabbitQuorumQueue: false, amqpDurableQueues: true }])(
    'serves on exchanges that a caster with other options has declared transient: %j',
    async (rabbit) => {
      const [topic, controlExchange] = [uniqueTopic(), uniqueTopic('exchange')];
      await withChannel(rabbitUrl, async (channel) => {
        await channel.assertExchange(controlExchange, 'topic', { durable: false });
        await channel.assertExchange(`${topic}_fanout`, 'fanout', { durable: false, autoDelete: true });
      });
      const { transport } = connect({ rabbit, controlExchange });
      const { server, heard } = serverOf(transport, topic);
      await server.start();
      const client = new RPCClient(transport, new Target({ topic }));
      expect(await client.call({}, 'who')).toBe('one');
      await client.prepare({ fanout: true }).cast({}, 'note', { n: 1 });
      await eventually(() => expect(heard).toEqual([{ n: 1 }]));
    },
  );

  it('leaves out mirrored queues, which it does not have', async () => {
    const { transport } = connect({ rabbit: { rabbitHaQueues: true } });
    const topic = uniqueTopic();
    await serverOf(transport, topic).server.start();
    expect(await new RPCClient(transport, new Target({ topic })).call({}, 'who')).toBe('one');
  });

  it('asks and says nothing where the options need no transient queue', async () => {
    const { transport, logger } = connect({ transportUrl: `${rabbitUrl}?${PERMITTED_QUERY}` });
    const topic = uniqueTopic();
    await serverOf(transport, topic).server.start();
    expect(await new RPCClient(transport, new Target({ topic })).call({}, 'who')).toBe('one');
    expect(logger.messages(/./, 'warn')).toEqual([]);
  });

  it('is no fault for doctor and call of the command line', async () => {
    const topic = uniqueTopic();
    const { transport } = connect();
    await serverOf(transport, topic).server.start();
    const doctor = await osloRpc(['doctor', '--url', rabbitUrl, '--topic', topic, '--server', 'one']);
    expect(doctor).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/denies transient queues: compared with .*'rabbitmq-4'/),
    });
    const call = await osloRpc(['call', '--url', rabbitUrl, '--topic', topic, 'who']);
    expect(call).toMatchObject({ code: 0, stdout: expect.stringContaining('one') });
  });
});

describeWithRabbit.each<[string, RabbitOptions, RegExp]>([
  ["rabbit.profile 'classic'", { profile: 'classic' }, CURE],
  [
    'rabbit.rabbitTransientQuorumQueue: false',
    { rabbitTransientQuorumQueue: false },
    /rabbit\.rabbitTransientQuorumQueue \(oslo: rabbit_transient_quorum_queue\) asks for them/,
  ],
  [
    'rabbit.amqpAutoDelete',
    { amqpAutoDelete: true },
    /rabbit\.amqpAutoDelete \(oslo: amqp_auto_delete\) asks for them/,
  ],
])('a broker that denies transient queues, with %s', (_options, rabbit, cure) => {
  it('fails a server and a call at once, with the queue and the cure', async () => {
    const { transport } = connect({ rabbit });
    const topic = uniqueTopic();
    const { server } = serverOf(transport, topic);
    const took = Stopwatch.time(async () => {
      await expect(server.start()).rejects.toMatchObject({
        code: 'SERVER_LISTEN',
        message: expect.stringMatching(new RegExp(`The queue "${topic}[^"]*" cannot be declared: .*${cure.source}`)),
      });
      await expect(new RPCClient(transport, new Target({ topic })).call({}, 'who')).rejects.toMatchObject({
        code: 'DELIVERY_FAILURE',
        message: expect.stringMatching(cure),
      });
    });
    expect(await took).toBeLessThan(8000);
  });
});

describeWithRabbit("a broker that denies transient queues, with rabbit.profile 'classic'", () => {
  it('fails a notification at once, with the queue and the cure', async () => {
    const transport = getNotificationTransport({
      transportUrl: rabbitUrl,
      logger: new LogRecorder(),
      rabbit: { profile: 'classic' },
    });
    open.push(() => transport.cleanup());
    const notifier = new Notifier(transport, { publisherId: 'p', driver: 'messaging', topics: ['denied'] });
    const took = Stopwatch.time(() =>
      expect(notifier.info({}, 'event', {})).rejects.toMatchObject({
        code: 'DELIVERY_FAILURE',
        message: expect.stringMatching(new RegExp(`The queue "denied\\.info" cannot be declared: .*${CURE.source}`)),
      }),
    );
    expect(await took).toBeLessThan(8000);
  });

  it('is a conflict for doctor', async () => {
    const doctor = await osloRpc(['doctor', '--url', `${rabbitUrl}?profile=classic`, '--topic', uniqueTopic()]);
    // The harm stands between the fault and the cure.
    const line = /the broker denies transient queues, and rabbit\.profile 'classic' asks for them\. .*\. Leave it out/;
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(line) });
  });

  it('advises no deletion of durable queues, which would not help', async () => {
    const [topic, controlExchange] = [uniqueTopic(), uniqueTopic('exchange')];
    await serverOf(connect({ controlExchange }).transport, topic).server.start();
    const { transport, logger } = connect({ controlExchange, rabbit: { profile: 'classic' } });
    await expect(serverOf(transport, topic).server.start()).rejects.toThrow(CURE);
    expect(logger.messages(/./, 'warn')).toEqual([
      expect.stringMatching(/^Servers, calls and notifications are refused: the broker denies/),
    ]);
    const { stdout } = await osloRpc(['doctor', '--url', `${rabbitUrl}?profile=classic`, '--topic', topic]);
    expect(stdout).not.toMatch(/delete/);
  });
});

describeWithPython('a broker that denies transient queues, with Python peers', () => {
  let python: PythonPeer;
  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl);
  });
  afterAll(() => python?.stop());

  it('passes calls in both directions with the default options here', async () => {
    const [ours, theirs] = [uniqueTopic('ours'), uniqueTopic('theirs')];
    const { transport } = connect();
    const peer = await python.startServer({ topic: theirs, server: 's' });
    open.push(() => peer.stop());
    expect(await new RPCClient(transport, new Target({ topic: theirs })).call({}, 'echo', { value: 2 })).toBeDefined();
    await serverOf(transport, ours).server.start();
    expect(await python.call({ topic: ours, method: 'who', args: {} })).toBe('one');
  });

  it('serves a topic to which a Python program with default options has sent a fanout', async () => {
    const topic = uniqueTopic();
    await python.cast({ topic, method: 'note', args: { n: 1 }, fanout: true });
    const { server, heard } = serverOf(connect().transport, topic);
    await server.start();
    await python.cast({ topic, method: 'note', args: { n: 2 }, fanout: true });
    await eventually(() => expect(heard).toEqual([{ n: 2 }]));
  });
});
