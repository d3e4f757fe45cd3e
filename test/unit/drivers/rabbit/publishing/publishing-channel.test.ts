import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import { type Outcome, PublishingChannel } from '../../../../../lib/drivers/rabbit/publishing/publishing-channel.js';

const MESSAGES = 1000;

it('examines each unconfirmed message once, for any number of returned messages', async () => {
  const channel = Object.assign(new EventEmitter(), { publish: () => true });
  const model = { createConfirmChannel: async () => channel } as unknown as ChannelModel;
  const publishing = await PublishingChannel.on(model);
  let looks = 0;
  const bodies = Array.from({ length: MESSAGES }, (_, n) => {
    const body = Buffer.from(`message ${n}`);
    const equals = (other: Uint8Array) => {
      looks++;
      return Buffer.compare(body, other) === 0;
    };
    return Object.assign(body, { equals });
  });
  const outcomes: Outcome[] = [];
  for (const body of bodies) {
    const message = { exchange: '', routingKey: 'q', body, expiration: undefined, mandatory: true, headers: undefined };
    publishing.publish(message, (outcome) => outcomes.push(outcome));
  }
  for (const content of bodies.slice(MESSAGES / 2)) channel.emit('return', { content: Buffer.from(content) });
  expect(looks).toBe(MESSAGES);
  channel.emit('close');
  expect(outcomes.filter((outcome) => outcome === 'returned')).toHaveLength(MESSAGES / 2);
});
