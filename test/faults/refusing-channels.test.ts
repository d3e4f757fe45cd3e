import { getRpcClient, getRpcServer, getRpcTransport, MessageDeliveryFailure, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it, vi } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Starts of frames: type, channel, length, class, method. */
const METHOD = 1;
const CHANNEL_OPEN = Buffer.of(0, 20, 0, 10);
const CHANNEL_CLOSE = Buffer.of(0, 20, 0, 40);
const BASIC_ACK = Buffer.of(0, 60, 0, 80);
const BASIC_NACK = Buffer.of(0, 60, 0, 120);
const HEAD = 7;

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function clientBehindAProxy(topic: string) {
  const proxy = await TcpProxy.start(rabbitPort);
  const transport = getRpcTransport({ transportUrl: proxy.url, drainTimeout: '100ms', logger: silent });
  open.push(async () => {
    await transport.cleanup();
    await proxy.close();
  });
  return { proxy, client: getRpcClient(transport, new Target({ topic }), { timeout: 20 }) };
}

/** Yields the offset of each frame of this method. */
function* framesOf(chunk: Buffer, method: Buffer): Generator<number> {
  for (let at = chunk.indexOf(method); at >= 0; at = chunk.indexOf(method, at + 1))
    if (at >= HEAD && chunk[at - HEAD] === METHOD) yield at - HEAD;
}

const count = (chunk: Buffer, method: Buffer): number => [...framesOf(chunk, method)].length;

/** Topic of a queue that has room for as many messages, none by default. */
async function fullQueue(room = 0): Promise<string> {
  const topic = uniqueTopic('full-queue');
  await withChannel(rabbitUrl, async (channel) => {
    await channel.assertExchange('tacker', 'topic', { durable: false });
    await channel.assertQueue(topic, {
      durable: false,
      arguments: { 'x-max-length': 1 + room, 'x-overflow': 'reject-publish' },
    });
    await channel.bindQueue(topic, 'tacker', topic);
    channel.sendToQueue(topic, Buffer.from('{}'));
    await channel.waitForConfirms();
  });
  open.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic)));
  return topic;
}

describeWithRabbit('a channel on which the broker refuses a message', () => {
  it('is replaced by another, on which the message is published again', async () => {
    const topic = uniqueTopic('refusing-channel');
    const ran: unknown[] = [];
    const serving = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const server = getRpcServer(serving, new Target({ topic, server: 'here' }), [
      { double: (_ctxt: unknown, { n }: { n: number }) => ran.push(n) },
    ]);
    await server.start();
    open.push(async () => {
      await server.stop();
      await serving.cleanup();
    });
    const { proxy, client } = await clientBehindAProxy(topic);
    await client.call({}, 'double', { n: 1 });

    // As RabbitMQ does on a channel that was first used while a quorum queue had no leader.
    let refusing: number | undefined;
    let refused = 0;
    proxy.observe('toClient', (chunk) => {
      for (const at of framesOf(chunk, BASIC_ACK)) {
        const channel = chunk.readUInt16BE(at + 1);
        refusing ??= channel;
        if (channel === refusing) refused += BASIC_NACK.copy(chunk, at + HEAD) / BASIC_NACK.length;
      }
    });
    await client.call({}, 'double', { n: 2 });
    await client.call({}, 'double', { n: 3 });
    expect(refused).toBe(1);
    // The broker had taken it, whatever it said: the second copy was dropped.
    expect(ran).toEqual([1, 2, 3]);
  });

  it('is kept if the broker would refuse a new one as well', async () => {
    const topic = await fullQueue();
    const { proxy, client } = await clientBehindAProxy(topic);
    let opened = 0;
    proxy.observe('toServer', (chunk) => {
      opened += count(chunk, CHANNEL_OPEN);
    });
    const begin = performance.now();
    for (let n = 0; n < 30; n++) {
      const call = expect(client.call({}, 'double', { n })).rejects;
      await call.toThrow(MessageDeliveryFailure);
      await call.toThrow(`The broker refused the message for "${topic}": a queue is full or unavailable`);
    }
    // Two to publish on, one to declare on, the one for replies and one to declare it; then four a second at the most.
    expect(opened).toBeLessThanOrEqual(5 + 1 + (performance.now() - begin) / 250);
  });

  it('waits for earlier messages, up to a bound', async () => {
    const casts: Promise<unknown>[] = [];
    open.push(() => Promise.all(casts));
    const { proxy, client } = await clientBehindAProxy(await fullQueue(1));
    const held = uniqueTopic('held');
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(held, { durable: false });
      await channel.bindQueue(held, 'tacker', held);
    });
    open.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(held)));
    const casting = client.prepare({ topic: held });
    // From now on both routes share the channel of those that the broker has accepted.
    await casting.cast({}, 'double', { n: 0 });
    await client.prepare({ transportOptions: { atLeastOnce: true } }).cast({}, 'double', { n: 0 });
    let channels = 0;
    proxy.observe('toServer', (chunk) => {
      channels += count(chunk, CHANNEL_OPEN) - count(chunk, CHANNEL_CLOSE);
    });
    // The broker confirms a message that there was none of.
    proxy.observe('toClient', (chunk) => {
      for (const at of framesOf(chunk, BASIC_ACK)) chunk.fill(0, at + HEAD + BASIC_ACK.length, at + HEAD + 12);
    });
    const clock = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + ahead);
    for (let n = 0; n < 20; n++) {
      casts.push(casting.cast({}, 'double', { n }).catch(() => undefined));
      await expect(client.call({}, 'double', { n })).rejects.toThrow(MessageDeliveryFailure);
      ahead += 300;
    }
    expect(channels).toBeGreaterThanOrEqual(8);
    // Two to publish on, and perhaps one to declare on.
    expect(channels).toBeLessThanOrEqual(3 + 8);
    vi.restoreAllMocks();
  });
});
