import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { beforeEach, expect, it } from 'vitest';
import { openTap, type Tap, type TapEvent, type TapOptions } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import { isDenying } from '../../../testkit/release.js';
import { describeWithRabbit, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { TappedBroker, type TappedVhost } from '../../support/tapped-broker.js';

const broker = new TappedBroker();
let vhost: TappedVhost;
let topic: string;

interface Watched {
  readonly tap: Tap;
  readonly events: TapEvent[];
  readonly notices: string[];
}

async function watch(managed: boolean, options: Partial<TapOptions> = {}): Promise<Watched> {
  const notices: string[] = [];
  const rabbit = managed ? { managementUrl: broker.managementUrl } : {};
  const tap = await openTap({
    broker: { transportUrl: vhost.url, rabbit, rpcResponseTimeout: 20, logger: silent },
    topic,
    exchange: 'tacker',
    notice: (line) => notices.push(line),
    ...options,
  });
  broker.defer(() => tap.close());
  const events: TapEvent[] = [];
  void (async () => {
    for await (const event of tap) events.push(event);
  })();
  return { tap, events, notices };
}

function connect() {
  const transport = getRpcTransport({ transportUrl: vhost.url, logger: silent, rpcResponseTimeout: 20 });
  broker.defer(() => transport.cleanup());
  return transport;
}

async function serve(): Promise<void> {
  const server = getRpcServer(connect(), new Target({ topic, server: 'one' }), [{ ask: () => 1 }]);
  broker.defer(() => server.stop());
  await server.start();
}

const client = () => new RPCClient(connect(), new Target({ topic }), { transportOptions: { atLeastOnce: true } });

const setTracing = (tracing: boolean) => broker.fetch(`vhosts/${vhost.vhost}`, 'PUT', { tracing });

describeWithRabbit('effects of a tap on others', () => {
  beforeEach(async () => {
    vhost = await broker.addVhost();
    topic = uniqueTopic();
  });

  it.each([
    ['with the management API', true],
    ['by AMQP alone', false],
  ])('leaves senders with what they are told, %s', async (_name, managed) => {
    const { events, notices, tap } = await watch(managed);
    const caller = client();
    const ghost = caller.prepare({ server: 'ghost' });
    const lost = async () => {
      await expect(caller.call({}, 'ask', {})).rejects.toMatchObject({ name: 'MessageUndeliverable' });
      await expect(caller.cast({}, 'note', {})).rejects.toMatchObject({ name: 'MessageUndeliverable' });
      await expect(ghost.cast({}, 'note', {})).rejects.toMatchObject({ name: 'MessageUndeliverable' });
      await expect(caller.prepare({ fanout: true }).cast({}, 'note', {})).rejects.toMatchObject({
        name: 'MessageUndeliverable',
      });
    };
    await lost();
    expect(notices).toContainEqual(
      expect.stringContaining(`No queue takes requests to the topic "${topic}" on the exchange "tacker" yet`),
    );
    // The queues of a server, which go as those of a server that stops.
    await withChannel(vhost.url, async (channel) => {
      const queues = [topic, `${topic}.one`, `${topic}_fanout_1`];
      for (const queue of queues) {
        await channel.assertQueue(queue, { durable: isDenying });
        await channel.consume(queue, () => undefined, { noAck: true });
      }
      await channel.bindQueue(topic, 'tacker', topic);
      await channel.bindQueue(`${topic}.one`, 'tacker', `${topic}.one`);
      await channel.bindQueue(`${topic}_fanout_1`, `${topic}_fanout`, '');
      await eventually(async () => {
        await caller.cast({}, 'note', {});
        await caller.prepare({ fanout: true }).cast({}, 'note', {});
        await caller.prepare({ server: 'one' }).cast({}, 'note', {});
        const seen = events.map((event) => (event.type === 'cast' ? (event.server ?? event.fanout) : ''));
        expect([...new Set(seen)].sort()).toEqual(managed ? [false, 'one', true].sort() : [false, true]);
      });
      for (const queue of queues) await channel.deleteQueue(queue);
    });
    await eventually(() => expect(notices.join()).toMatch(/No queue takes requests to .* any more/));
    await lost();
    const unseen = expect.stringContaining('--server');
    expect(notices).toEqual(managed ? expect.not.arrayContaining([unseen]) : expect.arrayContaining([unseen]));
    expect(tap.counts.lostRequests).toBe(0);
  });

  it('keeps tracing on for a tap without the management API', async () => {
    const first = await watch(true, { replies: true });
    const second = await watch(false, { replies: true });
    await first.tap.close();
    expect(first.notices).toContainEqual(expect.stringContaining('another tap reads it'));
    await serve();
    await client().call({}, 'ask', {});
    await eventually(() => expect(second.events).toHaveLength(1));
    await second.tap.close();
    expect(second.tap.counts.interruptions).toBe(0);
    expect(second.notices).toContainEqual(expect.stringContaining('oslo-rpc tap --trace-off'));
  });

  it('says that tracing was on, at the start and at the end', async () => {
    await setTracing(true);
    const { tap, notices } = await watch(true, { replies: true });
    const text = expect.stringMatching(/was on already.*killed tap.*oslo-rpc tap --trace-off/);
    expect(notices).toEqual([text]);
    await tap.close();
    expect(notices).toEqual([text, text]);
  });

  it('counts an interruption that is open at the end', async () => {
    await setTracing(true);
    const { tap } = await watch(false, { replies: true });
    await setTracing(false);
    await tap.close();
    expect(tap.counts.interruptions).toBe(1);
  });
});
