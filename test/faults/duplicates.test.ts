import { randomUUID } from 'node:crypto';
import { getRpcClient, MessagingTimeout, Target } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { RawCaller } from '../differential/raw-caller.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic, Side } from '../support/served-topic.js';

describeWithRabbit('a request that is delivered again', () => {
  const ran: unknown[] = [];
  let served: ServedTopic;

  const endpoint = {
    run: (_ctxt: unknown, { id }: { id: unknown }) => {
      ran.push(id);
      return ran.length;
    },
  };

  beforeEach(() => {
    ran.length = 0;
  });
  afterEach(() => served.close());

  function publish(...ids: readonly string[]): Promise<void> {
    return withChannel(rabbitUrl, async (channel) => {
      for (const id of ids) {
        const request = JSON.stringify({ method: 'run', args: { id }, _unique_id: id });
        channel.sendToQueue(served.topic, Buffer.from(request));
      }
      await channel.waitForConfirms();
    });
  }

  it('is dropped and counted, after the first or thousands of others', async () => {
    served = await ServedTopic.open(endpoint);
    const [early, adjacent] = [randomUUID(), randomUUID()];
    const others = Array.from({ length: 2000 }, () => randomUUID());
    await publish(early, adjacent, adjacent, ...others, early);
    await eventually(() => expect(served.serving.transport.counts.duplicates).toBe(2));
    await eventually(() => expect(ran).toHaveLength(2002));
    expect(new Set(ran).size).toBe(2002);
  });

  it.each(['at-most-once', 'at-least-once'] as const)(
    'is dropped and counted when its acknowledgement was lost with the connection: %s',
    async (delivery) => {
      served = await ServedTopic.open(endpoint, { delivery });
      const { proxy, transport } = served.serving;
      proxy.stall('toServer');
      const call = served.client.call({}, 'run', { id: 'once' });
      await eventually(() => expect(ran).toEqual(['once']));
      // Neither the reply nor the acknowledgement has got to the broker.
      expect(await queueDepth(rabbitUrl, served.topic)).toMatchObject({ consumers: 1 });
      proxy.cut();
      proxy.resume();
      expect(await call).toBe(1);
      // The acknowledgement of the call before it may have been lost as well.
      await eventually(() => expect(transport.counts.duplicates).toBeGreaterThan(0));
      expect(transport.counts.droppedReplies).toBe(0);
      await eventually(async () => expect(await queueDepth(rabbitUrl, served.topic)).toMatchObject({ messages: 0 }));
      expect(ran).toEqual(['once']);
    },
  );
});

describeWithRabbit('a reply that is delivered again, or too late', () => {
  const topic = uniqueTopic('fake');
  let calling: Side;
  let fake: RawCaller;

  beforeEach(async () => {
    calling = await Side.open();
    fake = await RawCaller.open(rabbitUrl, topic);
    await fake.bind('tacker', 'topic', topic);
  });
  afterEach(async () => {
    await calling.close();
    await fake.close();
  });

  const call = (timeout = 10) => getRpcClient(calling.transport, new Target({ topic }), { timeout }).call({}, 'any');

  async function request(): Promise<{ _msg_id: string; _reply_q: string }> {
    const { body } = await fake.next();
    return JSON.parse(JSON.parse(body.toString())['oslo.message']);
  }

  function reply({ _msg_id, _reply_q }: Awaited<ReturnType<typeof request>>, result: string): void {
    const message = { result, failure: null, ending: true, _msg_id, _unique_id: randomUUID() };
    const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) });
    fake.publish('', _reply_q, Buffer.from(body));
  }

  /** Returns the number of replies without a pending call. */
  const late = () => calling.transport.counts.lateReplies;

  it('settles its call once, and no other call', async () => {
    const [first, second] = [call(), call()];
    const asked = [await request(), await request()] as const;
    for (const text of ['sound', 'again', 'and again']) reply(asked[0], text);
    await eventually(() => expect(late()).toBe(2));
    reply(asked[1], 'the other');
    expect(await Promise.all([first, second])).toEqual(['sound', 'the other']);
  });

  it('is dropped and counted when its caller has given up', async () => {
    const answered = call();
    reply(await request(), 'sound');
    await answered;
    const timedOut = call(2);
    const asked = await request();
    await expect(timedOut).rejects.toBeInstanceOf(MessagingTimeout);
    reply(asked, 'late');
    await eventually(() => expect(late()).toBe(1));
  });

  it('is dropped and counted when its acknowledgement was lost with the connection', async () => {
    const answered = call();
    const asked = await request();
    const { proxy } = calling;
    proxy.stall('toServer');
    reply(asked, 'sound');
    expect(await answered).toBe('sound');
    proxy.cut();
    proxy.resume();
    await eventually(() => expect(late()).toBe(1));
    const next = call();
    reply(await request(), 'next');
    expect(await next).toBe('next');
    expect(late()).toBe(1);
  });

  it('does not affect the next calls', async () => {
    const answered = call();
    const asked = await request();
    reply(asked, 'sound');
    expect(await answered).toBe('sound');
    const next = call();
    reply(asked, 'once more');
    reply(await request(), 'next');
    expect(await next).toBe('next');
    expect(late()).toBe(1);
  });
});
