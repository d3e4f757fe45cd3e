import { readFile } from 'node:fs/promises';
import {
  getNotificationListener,
  getNotificationTransport,
  type ListenerEndpoint,
  type NotificationDriver,
  Notifier,
  type Priority,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { MessageTap } from '../support/message-tap.js';
import { unfold } from '../support/unfold.js';

interface Vector {
  call: {
    driver: NotificationDriver;
    priority: Priority;
    publisherId: string;
    eventType: string;
    payload: unknown;
    context: Record<string, unknown>;
  };
  properties: Record<string, unknown>;
  body: string;
}

const file = new URL('../vectors/notifications.json', import.meta.url);
const { messages: vectors, release } = JSON.parse(await readFile(file, 'utf8')) as {
  messages: Vector[];
  release: string;
};

describeWithRabbit(`Notifications as ${release} publishes them`, () => {
  const topic = uniqueTopic('vectors');
  const got: Record<string, unknown>[] = [];
  let transport: Transport;
  let tap: MessageTap;

  beforeAll(async () => {
    transport = getNotificationTransport({ transportUrl: rabbitUrl });
    const priorities = [...new Set(vectors.map(({ call }) => call.priority))];
    const methods = priorities.map((priority) => [
      priority,
      (context: unknown, publisherId: string, eventType: string, payload: unknown) => {
        got.push({ priority, context, publisherId, eventType, payload });
      },
    ]);
    const endpoint: ListenerEndpoint = Object.fromEntries(methods);
    const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    tap = await MessageTap.open(
      rabbitUrl,
      'tacker',
      priorities.map((priority) => `${topic}.${priority}`),
    );
    return async () => {
      await listener.stop();
      await transport.cleanup();
      await tap.close();
    };
  });

  it.each(vectors.map((vector, index) => [index, vector.call.driver, vector.call.priority, vector] as const))(
    '%i, %s %s, are read, and written in the same form',
    async (_index, driver, priority, { call, properties, body }) => {
      const { publisherId, eventType, payload, context } = call;
      got.length = 0;
      await withChannel(rabbitUrl, async (channel) => {
        channel.sendToQueue(`${topic}.${priority}`, Buffer.from(body), properties);
        await channel.waitForConfirms();
      });
      const { auth_token: _token, custom: _custom, ...safe } = context;
      const notification = { priority, publisherId, eventType, payload, context: safe };
      await eventually(() => expect(got).toEqual([notification]));

      tap.messages.length = 0;
      await new Notifier(transport, { publisherId, driver, topics: [topic] })[priority](context, eventType, payload);
      await eventually(() => expect(tap.messages).toHaveLength(1));
      await eventually(() => expect(got).toEqual([notification, notification]));
      const [ours] = tap.messages;
      expect(ours?.properties).toEqual(properties);
      expect(unfold(ours?.body ?? '')).toEqual(unfold(body));
    },
  );
});
