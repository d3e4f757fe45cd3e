import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { basicCancel } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

/** `basic.consume-ok`, up to its tag of one character. */
const CONSUME_OK = /\x00\x3c\x00\x15\x01[0-9]/;

describeWithRabbit('a queue that is deleted', () => {
  const noted: unknown[] = [];
  let release: () => void;
  let held: Promise<void>;
  let served: ServedTopic;

  const endpoint = {
    note: (_ctxt: unknown, { value }: { value: unknown }) => void noted.push(value),
    hold: async () => {
      noted.push('begun');
      await held;
      return 'done';
    },
  };

  beforeEach(async () => {
    noted.length = 0;
    held = new Promise((resolve) => {
      release = resolve;
    });
    served = await ServedTopic.open(endpoint);
  });
  afterEach(async () => {
    release();
    await served.close();
  });

  async function remove(queue: string): Promise<void> {
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
  }

  async function isBack(queue: string): Promise<void> {
    await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ consumers: 1 }));
    // The broker's own word was enough: it took none of the later checks, which say so.
    for (const { log } of [served.serving, served.calling]) expect(log.messages(/has lost the queue/)).toEqual([]);
  }

  const to = { topic: {}, server: { server: 'one' }, fanout: { fanout: true } } as const;
  const nameOf = {
    topic: () => served.topic,
    server: () => `${served.topic}.one`,
    fanout: () => served.serving.sent(new RegExp(`${served.topic}_fanout_[0-9a-f]{32}`))[0] ?? '',
  };

  it.each(['topic', 'server', 'fanout'] as const)('is declared and consumed again: the %s queue', async (kind) => {
    const connections = served.serving.proxy.accepted;
    const call = served.client.call({}, 'hold');
    await eventually(() => expect(noted).toEqual(['begun']));
    await remove(nameOf[kind]());
    await isBack(nameOf[kind]());
    await served.client.prepare(to[kind]).cast({}, 'note', { value: kind });
    await eventually(() => expect(noted).toEqual(['begun', kind]));
    release();
    expect(await call).toBe('done');
    expect(served.serving.proxy.accepted).toBe(connections);
  });

  it('is declared and consumed again each time', async () => {
    for (let round = 0; round < 3; round++) {
      for (const kind of ['topic', 'server', 'fanout'] as const) await remove(nameOf[kind]());
      for (const kind of ['topic', 'server', 'fanout'] as const) await isBack(nameOf[kind]());
    }
    await served.ping();
  });

  it('is declared and consumed again as a reply queue, for which a reply in flight waits', async () => {
    const replyQueue = served.calling.sent(/reply_[0-9a-f]{32}/)[0] ?? '';
    const call = served.client.call({}, 'hold');
    await eventually(() => expect(noted).toEqual(['begun']));
    await remove(replyQueue);
    release();
    await isBack(replyQueue);
    expect(await call).toBe('done');
    await served.ping();
    expect(served.serving.transport.counts).toMatchObject({ droppedReplies: 0 });
  });

  it('is not required: a consumer that the broker cancels consumes again', async () => {
    const [consuming] = served.serving.proxy.links;
    // Of three, which share a channel.
    const begun = () => served.serving.got(CONSUME_OK);
    expect(begun()).toHaveLength(3);
    consuming?.inject('toClient', basicCancel(1, begun()[0]?.slice(-1) ?? ''));
    await eventually(() => expect(begun()).toHaveLength(6));
    await isBack(served.topic);
    await isBack(`${served.topic}.one`);
    await served.ping();
  });
});
