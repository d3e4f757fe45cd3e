import { MessageUndeliverable, MessagingTimeout, RemoteError } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { BrokerInspector } from '../support/broker-inspector.js';
import { CallWatch } from '../support/call-watch.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { held, memory, more } from '../support/leftovers.js';
import { ServedTopic } from '../support/served-topic.js';

const MIB = 2 ** 20;
const CALLS = 1500;
const SIZE = 4096;
const ignore = () => undefined;

describeWithRabbitControl('after load under faults', () => {
  let release = ignore as () => void;

  const endpoint = {
    echo: (_ctxt: unknown, { value }: { value: unknown }) => value,
    note: ignore,
    fail: () => {
      throw new Error('as asked');
    },
    hold: () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  };

  /** Resources of a topic at the broker: the channels of each connection, and the queues. */
  async function atBroker({ topic, serving, calling }: ServedTopic) {
    if (!rabbitControl) return expect.fail('no rabbitmqctl');
    const inspector = new BrokerInspector(rabbitControl);
    const ports = new Set([serving, calling].flatMap(({ proxy }) => proxy.links.map(({ port }) => port)));
    const replyQueue = calling.sent(/reply_[0-9a-f]{32}/).at(-1);
    const [connections, queues] = await Promise.all([inspector.connections(), inspector.queues()]);
    return {
      // The order of the connections is that in which they were opened.
      channels: connections
        .filter(({ peer_port }) => ports.has(peer_port))
        .map(({ channels }) => channels)
        .sort(),
      queues: queues
        .filter(({ name }) => name.startsWith(topic) || name === replyQueue)
        .map(({ name, messages, consumers }) => `${name}: ${messages} messages, ${consumers} consumers`)
        .sort(),
    };
  }

  /** Every kind of outcome, and faults in between. */
  async function load({ topic, client, calling, serving }: ServedTopic, round: number): Promise<void> {
    const watch = new CallWatch(SIZE);
    const text = `${round} `.padEnd(SIZE, 'x');
    const casts: Promise<void>[] = [];
    for (let n = 0; n < CALLS; n++) {
      watch.call(client, 60);
      if (n % 5 === 0) casts.push(client.cast({}, 'note', { text, n }));
      if (n % 50 === 0) await client.call({}, 'echo', { text });
      if (n === 400) calling.proxy.cut();
      if (n === 800) serving.proxy.cut();
      if (n === 1200) await withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${topic}.one`));
    }
    await expect(client.call({}, 'fail')).rejects.toBeInstanceOf(RemoteError);
    await expect(client.prepare({ topic: uniqueTopic('nobody') }).call({}, 'x')).rejects.toBeInstanceOf(
      MessageUndeliverable,
    );
    await expect(client.prepare({ timeout: '1s' }).call({}, 'hold')).rejects.toBeInstanceOf(MessagingTimeout);
    release();
    await client.prepare({ fanout: true }).cast({}, 'note', { text });
    await Promise.all(casts);
    expect(await watch.settled()).toEqual({ right: CALLS });
  }

  it('timers, listeners, sockets, channels, connections, queues and memory are back to their first values', async () => {
    const nothing = held();
    const served = await ServedTopic.open(endpoint);
    await load(served, 0);
    await load(served, 1);
    const baseline = await eventually(
      async () => {
        const broker = await atBroker(served);
        // One to read from on each side. To publish on: one for proven routes, and one that is idle.
        expect(broker.channels).toEqual([1, 1, 2, 2]);
        expect(broker.queues).toHaveLength(4);
        for (const queue of broker.queues) expect(queue).toMatch(/: 0 messages, 1 consumers$/);
        return { broker, process: held() };
      },
      { within: 20_000 },
    );
    // Two connections to publish and consume on each side, with the proxies' own ends of them.
    expect(baseline.process.sockets.length).toBeGreaterThanOrEqual(nothing.sockets.length + 4);
    const before = memory();

    await load(served, 2);
    await load(served, 3);
    await eventually(async () => expect(await atBroker(served)).toEqual(baseline.broker), { within: 20_000 });
    await eventually(() => expect(more(held(), baseline.process)).toEqual({}), { within: 20_000 });
    for (const { log } of [served.serving, served.calling]) log.clear();
    await eventually(() => expect(memory() - before).toBeLessThan(Math.min(before / 5, 4 * MIB)), {
      every: 500,
      within: 20_000,
    });

    await served.close();
    await eventually(() => expect(more(held(), nothing)).toEqual({}), { within: 20_000 });
    expect(await atBroker(served)).toEqual({ channels: [], queues: [] });
  }, 480_000);
});
