import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type RabbitOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { connectionClose } from '../support/amqp-frames.js';
import { osloRpcProcess } from '../support/command.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Text of RabbitMQ 4.3, which it sends cut. */
const DENIAL =
  'INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nIts use is not permitted per the configuration';

/** Class and method of `queue.declare`. */
const QUEUE_DECLARE = Buffer.of(0, 50, 0, 10);
/** Flags of `queue.declare`. */
const PASSIVE = 1;
const DURABLE = 2;
const EXCLUSIVE = 4;

interface Declared {
  name: string;
  durable: boolean;
  exclusive: boolean;
}

/** Returns true for a queue of the kind that RabbitMQ 4.3 denies. */
const isTransient = ({ durable, exclusive }: Declared) => !durable && !exclusive;

/** Names and flags of the queues that a chunk of frames declares. */
function declaredIn(chunk: Buffer): Declared[] {
  const found: Declared[] = [];
  for (let at = chunk.indexOf(QUEUE_DECLARE); at >= 0; at = chunk.indexOf(QUEUE_DECLARE, at + 1)) {
    const [start, length] = [at + 7, chunk[at + 6] ?? 0];
    const flags = chunk[start + length] ?? 0;
    const name = chunk.toString('utf8', start, start + length);
    if (!(flags & PASSIVE)) found.push({ name, durable: (flags & DURABLE) > 0, exclusive: (flags & EXCLUSIVE) > 0 });
  }
  return found;
}

describeWithRabbit('a broker that closes the connection because of a declaration', () => {
  const open: (() => Promise<unknown>)[] = [];
  let proxy: TcpProxy;
  let logger: LogRecorder;
  let topic: string;

  beforeEach(async () => {
    proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    logger = new LogRecorder();
    topic = uniqueTopic();
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** Lets the broker refuse queues by closing their connection. Returns the number of refusals. */
  function refuse(code: number, reason: string, isRefused: (queue: Declared) => boolean) {
    const refusals = { count: 0 };
    proxy.observe('toServer', (chunk, link) => {
      if (!declaredIn(chunk).some(isRefused)) return;
      refusals.count++;
      link.inject('toClient', connectionClose(code, reason));
      // The broker behind the proxy does not see the declaration.
      link.die();
    });
    return refusals;
  }

  function connect(rabbit: RabbitOptions = {}): Transport {
    const fast = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '100ms' } as const;
    const transport = getRpcTransport({
      transportUrl: proxy.url,
      logger,
      rpcResponseTimeout: '20s',
      rabbit: { ...fast, ...rabbit },
    });
    open.push(() => transport.cleanup());
    return transport;
  }

  function serve(transport: Transport) {
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    open.push(() => server.stop());
    return server;
  }

  it('is answered with durable queues where it begins to deny transient ones under a running server', async () => {
    const transport = connect();
    await serve(transport).start();
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    const { consumers, replyQueue } = transport.health();
    const refusals = refuse(541, DENIAL, isTransient);
    await proxy.refuse();
    proxy.cut();
    // A node that denies transient queues does not start while there are any.
    await withChannel(rabbitUrl, async (channel) => {
      for (const { queue } of [...consumers, ...(replyQueue ? [replyQueue] : [])]) await channel.deleteQueue(queue);
    });
    await proxy.accept();
    expect(await client.call({}, 'who')).toBe('one');
    expect(logger.messages(/^The broker denies transient queues: .*'rabbitmq-4'/, 'warn')).toHaveLength(1);
    expect(refusals.count).toBeGreaterThan(0);
    const durable = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(`${topic}.one`, durable));
  });

  it('is reported once by the server of a load, which has two transports', async () => {
    refuse(541, DENIAL, isTransient);
    const load = ['--mode', 'notify', '--serve', '--for', '300ms', '--warmup', '0'];
    const { stderr } = await osloRpcProcess(['bench', '--url', proxy.url, ...load]);
    expect(stderr.match(/The broker denies transient queues/g)).toHaveLength(1);
  });

  it('fails servers, calls and notifications at once with the cure, where the options insist on transient queues', async () => {
    refuse(541, DENIAL, isTransient);
    const transport = connect({ profile: 'classic' });
    const cure = /the broker denies transient queues, and rabbit\.profile 'classic' asks for them\. Leave it out/;
    const notifications = getNotificationTransport({ transportUrl: proxy.url, logger, rabbit: { profile: 'classic' } });
    open.push(() => notifications.cleanup());
    const notifier = new Notifier(notifications, { publisherId: 'p', driver: 'messaging', topics: [topic] });
    const took = Stopwatch.time(async () => {
      await expect(serve(transport).start()).rejects.toMatchObject({
        code: 'SERVER_LISTEN',
        message: expect.stringMatching(
          new RegExp(`^Cannot listen on .*The queue "${topic}.* cannot be declared: ${cure.source}`),
        ),
      });
      await expect(new RPCClient(transport, new Target({ topic })).call({}, 'who')).rejects.toMatchObject({
        code: 'DELIVERY_FAILURE',
        method: 'who',
        message: expect.stringMatching(cure),
      });
      await expect(notifier.info({}, 'event', {})).rejects.toMatchObject({
        code: 'DELIVERY_FAILURE',
        message: expect.stringMatching(cure),
      });
    });
    expect(await took).toBeLessThan(8000);
    // Their errors say it all.
    await eventually(() => expect(logger.messages(/^Lost the/, 'debug').length).toBeGreaterThan(0));
    expect(logger.messages(/^(Lost|Reconnected)/, 'warn')).toEqual([]);
  });

  it.each([
    [530, 'NOT_ALLOWED - a limit is reached'],
    [540, 'NOT_IMPLEMENTED - no such queue'],
    [503, 'COMMAND_INVALID - unknown'],
  ])('fails a server at once with the queue and the reason: %i', async (code, reason) => {
    refuse(code, reason, ({ name }) => name === topic);
    const started = serve(connect()).start();
    const message = expect.stringMatching(
      new RegExp(`The queue "${topic}" cannot be declared: .*${code}.*${reason}.*rabbitmqctl list_vhost_limits`),
    );
    await expect(started).rejects.toMatchObject({ code: 'SERVER_LISTEN', message });
  });

  it('does not fail a notification when its connection ends because of another declaration', async () => {
    const refused = uniqueTopic('refused');
    const notifications = getNotificationTransport({ transportUrl: proxy.url, logger });
    open.push(() => notifications.cleanup());
    const refusals = refuse(
      530,
      `NOT_ALLOWED - limit for queue '${refused}.info'`,
      ({ name }) => name === `${refused}.info`,
    );
    const notify = (name: string) =>
      new Notifier(notifications, { publisherId: 'p', driver: 'messaging', topics: [name] }).info({}, 'event', {});
    const [bad, good] = await Promise.allSettled([notify(refused), notify(topic)]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'DELIVERY_FAILURE' } });
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(refusals.count).toBe(1);
  });
});
