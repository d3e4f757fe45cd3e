import { randomUUID } from 'node:crypto';
import { type Channel, connect } from 'amqplib';
import {
  getNotificationListener,
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { amqpUrl, queueDepth, withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';

/** RabbitMQ 4 drops what is returned to a quorum queue once more than this. */
const GRANTED = 20;

describeWithRabbit('a message that is returned repeatedly to a quorum queue of RabbitMQ 4', () => {
  const open: (() => Promise<unknown>)[] = [];
  const topic = uniqueTopic('counted');
  const base: OsloMessagingOptions = {
    transportUrl: rabbitUrl,
    logger: silent,
    rabbit: { rabbitQuorumQueue: true, rabbitTransientQuorumQueue: true },
  };

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [topic, `${topic}.s`, `${topic}.info`]) {
        await channel.deleteQueue(queue);
        await channel.deleteQueue(`${queue}.dead`);
      }
    });
  });

  async function send(queue: string, message: object): Promise<void> {
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(queue, Buffer.from(JSON.stringify({ ...message, _unique_id: randomUUID() })));
      await channel.waitForConfirms();
    });
  }

  const kept = (queue: string) =>
    eventually(async () => expect(await queueDepth(rabbitUrl, `${queue}.dead`)).toMatchObject({ messages: 1 }), {
      within: 20_000,
    });

  it.each([5, GRANTED, 50])(
    'is dead-lettered before the broker drops it: a notification, at most %i times',
    async (limit) => {
      const queue = `${topic}.info`;
      const transport = getNotificationTransport({ ...base, limits: { deliveries: limit } });
      open.push(() => transport.cleanup());
      let ran = 0;
      const info = () => {
        ran++;
        throw new Error('never');
      };
      const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], { allowRequeue: true });
      open.push(() => listener.stop());
      await listener.start();
      await send(queue, { priority: 'INFO', payload: 1 });
      await kept(queue);
      expect(ran).toBe(Math.min(limit, GRANTED));
      expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ messages: 0 });
    },
  );

  async function serve(deliveries: number, ran: unknown[] = []) {
    const transport = getRpcTransport({ ...base, delivery: 'at-least-once', limits: { deliveries } });
    const work = (_ctxt: unknown, { value }: { value: unknown }) => void ran.push(value);
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ work }]);
    const stop = async () => {
      await server.stop();
      await transport.cleanup();
    };
    open.push(stop);
    await server.start();
    return stop;
  }

  /** Consumers that do the same with it, one after the other. */
  async function redeliver(
    times: number,
    how: (channel: Channel, message: never) => Promise<void> | void,
  ): Promise<void> {
    for (let time = 0; time < times; time++) {
      const connection = await connect(amqpUrl(rabbitUrl));
      const channel = await connection.createChannel();
      await eventually(async () => {
        const message = await channel.get(topic);
        if (!message) throw new Error('not there yet');
        await how(channel, message as never);
      });
      await connection.close();
    }
  }

  it.each([
    ['that dies with it', () => undefined],
    ['that nacks it, which the broker does not count', (channel: Channel, message: never) => channel.nack(message)],
    ['that rejects it', (channel: Channel, message: never) => channel.reject(message)],
  ])('is dead-lettered before the broker drops it: a request, by a server %s', async (_name, how) => {
    await (await serve(50))();
    await send(topic, { method: 'work', args: { value: 1 } });
    await redeliver(GRANTED, how);
    const ran: unknown[] = [];
    await serve(50, ran);
    await kept(topic);
    expect(ran).toEqual([]);
  });

  it('is processed when it is moved back', async () => {
    await (await serve(1))();
    await send(topic, { method: 'work', args: { value: 'again' } });
    await redeliver(1, (channel, message) => channel.nack(message));
    const ran: unknown[] = [];
    await serve(1, ran);
    await kept(topic);
    await withChannel(rabbitUrl, async (channel) => {
      const message = await channel.get(`${topic}.dead`, { noAck: true });
      if (!message) throw new Error('nothing was kept');
      channel.sendToQueue(topic, message.content, message.properties);
      await channel.waitForConfirms();
    });
    await eventually(() => expect(ran).toEqual(['again']));
  });
});
