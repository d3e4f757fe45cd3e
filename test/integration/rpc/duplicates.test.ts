import { randomUUID } from 'node:crypto';
import { type DeliveryMode, getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const MODES: DeliveryMode[] = ['at-most-once', 'at-least-once'];

describeWithRabbit('a request that is delivered many times', () => {
  it.each(MODES)('runs once, delivered concurrently or later: %s', async (delivery) => {
    const topic = uniqueTopic('twice');
    const ran: unknown[] = [];
    const endpoint = {
      async record(_ctxt: unknown, { id }: { id: string }): Promise<void> {
        ran.push(id);
        await Promise.resolve();
      },
    };
    const transport = getRpcTransport({ transportUrl: rabbitUrl, delivery, logger: silent });
    const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [endpoint]);
    await server.start();
    const ids = [randomUUID(), randomUUID()];
    const publish = () =>
      withChannel(rabbitUrl, async (channel) => {
        for (let copy = 0; copy < 20; copy++) {
          for (const id of ids) {
            channel.sendToQueue(topic, Buffer.from(JSON.stringify({ method: 'record', args: { id }, _unique_id: id })));
          }
        }
        await channel.waitForConfirms();
      });
    const settled = async () => {
      await getRpcClient(transport, new Target({ topic })).call({}, 'record', { id: 'last' });
      await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 0 }));
    };
    await publish();
    await settled();
    await publish();
    await settled();
    expect(ran.filter((id) => id !== 'last').sort()).toEqual([...ids].sort());
    await server.stop();
    await transport.cleanup();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [topic, `${topic}.a`]) await channel.deleteQueue(queue);
    });
  });
});
