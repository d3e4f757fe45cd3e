import { MessageDeliveryFailure } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { basicAck, basicPublish, brokenFrame } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic, type Side } from '../support/served-topic.js';
import { Stopwatch } from '../support/stopwatch.js';

/** Time for all but the refused operation, in milliseconds, beyond that of as many calls without a fault. */
const RECOVERED_MS = 1000;
/** Calls on a busy machine may take so much longer than others a moment before. */
const SWING = 10;
/** Number of the channel that each connection uses first. */
const CHANNEL = 1;
const internal = uniqueTopic('internal');

describeWithRabbit('a channel or connection that the broker closes', () => {
  const begun: unknown[] = [];
  let release: () => void;
  let held: Promise<void>;
  let served: ServedTopic;

  const endpoint = {
    echo: (_ctxt: unknown, { value }: { value: unknown }) => value,
    hold: async (_ctxt: unknown, { value }: { value: unknown }) => {
      begun.push(value);
      await held;
      return value;
    },
  };

  beforeEach(async () => {
    begun.length = 0;
    held = new Promise((resolve) => {
      release = resolve;
    });
    await withChannel(rabbitUrl, (channel) =>
      channel.assertExchange(internal, 'topic', { internal: true, durable: false }),
    );
  });
  afterEach(async () => {
    release();
    await served.close();
    await withChannel(rabbitUrl, (channel) => channel.deleteExchange(internal));
  });

  /** Milliseconds that calls may take now while something is opened again. */
  async function recovery(): Promise<number> {
    const calls = () =>
      Promise.all(Array.from({ length: 20 }, (_, value) => served.client.call({}, 'echo', { value })));
    return RECOVERED_MS + SWING * (await Stopwatch.time(calls));
  }

  const errors = [
    { code: '403', closed: 'channel', bytes: basicPublish(CHANNEL, internal, 'x'), says: /ACCESS_REFUSED/ },
    { code: '404', closed: 'channel', bytes: basicPublish(CHANNEL, uniqueTopic('gone'), 'x'), says: /NOT_FOUND/ },
    { code: '406', closed: 'channel', bytes: basicAck(CHANNEL, 999_999), says: /PRECONDITION_FAILED/ },
    { code: '501', closed: 'connection', bytes: brokenFrame(), says: /FRAME_ERROR/ },
    { code: '540', closed: 'connection', bytes: basicPublish(CHANNEL, '', 'x', true), says: /NOT_IMPLEMENTED/ },
  ];

  // What the first call opens: on either side the consuming connection first.
  const places = [
    { side: 'serving', link: 0, name: 'the server consumes' },
    { side: 'serving', link: 1, name: 'the server replies' },
    { side: 'calling', link: 0, name: 'the client gets its replies' },
    { side: 'calling', link: 1, name: 'the client publishes' },
  ] as const;

  describe.each(places)('if $name', ({ side: sideName, link }) => {
    it.each(errors)('is opened again: a $closed closed by $code', async ({ bytes, says, closed }) => {
      served = await ServedTopic.open(endpoint);
      const side: Side = served[sideName];
      const connections = side.proxy.accepted;
      const inWork = Array.from({ length: 20 }, (_, value) => served.client.call({}, 'hold', { value }));
      await eventually(() => expect(begun).toHaveLength(20));
      const bound = await recovery();
      side.proxy.links[link]?.inject('toServer', bytes);
      await eventually(() => expect(side.got(says)).toHaveLength(1));
      const watch = new Stopwatch();
      // Some while the broker closes it, some afterwards.
      const later = Array.from({ length: 20 }, (_, value) => served.client.call({}, 'echo', { value }));
      release();
      const values = Array.from({ length: 20 }, (_, value) => value);
      expect(await Promise.all(inWork)).toEqual(values);
      expect(await Promise.all(later)).toEqual(values);
      expect(watch.stop()).toBeLessThan(bound);
      expect(begun).toHaveLength(20);
      expect(side.proxy.accepted).toBe(connections + (closed === 'connection' ? 1 : 0));
      expect(side.got(says)).toHaveLength(1);
    });
  });

  it('settles no delivery with a tag of the previous channel', async () => {
    served = await ServedTopic.open(endpoint, { delivery: 'at-least-once', concurrency: 5 });
    const calls = Array.from({ length: 10 }, (_, value) => served.client.call({}, 'hold', { value }));
    await eventually(() => expect(begun).toHaveLength(5));
    served.serving.proxy.links[0]?.inject('toServer', basicAck(CHANNEL, 999_999));
    await eventually(async () =>
      expect(await queueDepth(rabbitUrl, served.topic)).toEqual({ messages: 5, consumers: 1 }),
    );
    release();
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await eventually(async () =>
      expect(await queueDepth(rabbitUrl, served.topic)).toEqual({ messages: 0, consumers: 1 }),
    );
    expect(begun).toHaveLength(10);
    expect(served.serving.got(/PRECONDITION_FAILED/)).toHaveLength(1);
  });

  it('fails only the refused message, and publishes the others in flight', async () => {
    served = await ServedTopic.open(endpoint);
    const refusing = served.client.prepare({ exchange: internal });
    const bound = await recovery();
    const watch = new Stopwatch();
    const allowed = served.client.prepare({ retry: 0 });
    const refused = Array.from({ length: 3 }, () => refusing.cast({}, 'echo').catch((error: unknown) => error));
    const calls = Array.from({ length: 20 }, (_, value) => allowed.call({}, 'echo', { value }));
    const casts = Array.from({ length: 20 }, (_, value) => allowed.cast({}, 'echo', { value }));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, (_, value) => value));
    await Promise.all(casts);
    for (const error of await Promise.all(refused)) {
      expect(error).toBeInstanceOf(MessageDeliveryFailure);
      expect((error as Error).message).toMatch(/403.*ACCESS_REFUSED.*internal exchange/);
    }
    expect(watch.stop()).toBeLessThan(bound);
    expect(served.calling.proxy.accepted).toBe(2);
  });
});
