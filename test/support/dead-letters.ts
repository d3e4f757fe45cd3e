import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { GetMessage, Options } from 'amqplib';
import { amqpUrl, withChannel } from '../../testkit/amqp.js';
import { rabbitUrl, uniqueTopic } from './environment.js';

/** Types of queues by their names, with arguments. */
export const QUEUE_TYPES: readonly (readonly [name: string, args: Readonly<Record<string, unknown>>])[] = [
  ['classic', { 'x-queue-type': 'classic' }],
  ['quorum', { 'x-queue-type': 'quorum' }],
];

/** A queue of the test, and its dead-letter queue. */
export interface DeadLettered {
  readonly original: string;
  readonly dead: string;
}

/** Declares a queue and its dead-letter queue. */
export async function declareDead(args: object = {}, original = uniqueTopic('dead')): Promise<DeadLettered> {
  const dead = `${original}.dead`;
  await withChannel(rabbitUrl, async (channel) => {
    await channel.assertQueue(original, { durable: true });
    await channel.assertQueue(dead, { durable: true, arguments: args });
  });
  return { original, dead };
}

/** Returns the body of a request in an envelope, as Python writes it. */
export function requestBody(method: string, args: object = {}, members: object = {}): Buffer {
  const message = { method, args, version: '1.0', _unique_id: randomUUID().replaceAll('-', ''), ...members };
  const text = JSON.stringify(message).replaceAll('":', '": ');
  return Buffer.from(`{"oslo.version": "2.0", "oslo.message": ${JSON.stringify(text)}}`);
}

/** Publishes messages to a queue, in their order. Resolves when the broker has them. */
export async function publishTo(
  queue: string,
  bodies: readonly Buffer[],
  options: Options.Publish = {},
): Promise<void> {
  await withChannel(rabbitUrl, async (channel) => {
    for (const body of bodies) channel.sendToQueue(queue, body, { persistent: true, ...options });
    await channel.waitForConfirms();
  });
}

/** Publishes dead letters as a server of this library does. */
export async function publishDead(
  { original, dead }: DeadLettered,
  bodies: readonly Buffer[],
  {
    reason = 'delivered 20 times: no answer',
    at = new Date(),
    headers = {},
  }: { reason?: string; at?: Date; headers?: object } = {},
): Promise<void> {
  await publishTo(dead, bodies, {
    headers: {
      'x-reason': reason,
      'x-original-queue': original,
      'x-deliveries': 20,
      'x-time': at.toISOString(),
      ...headers,
    },
  });
}

/** Publishes a dead letter before it returns: nothing else runs in this process until the broker has it. */
export function publishDeadAndWait({ original, dead }: DeadLettered, body: Buffer, at: Date): void {
  const script = `
    import { connect } from 'amqplib';
    const [url, queue, headers, body] = process.argv.slice(1);
    const connection = await connect(url);
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true, headers: JSON.parse(headers) });
    await channel.waitForConfirms();
    await connection.close();`;
  const headers = { 'x-reason': 'late', 'x-original-queue': original, 'x-deliveries': 20, 'x-time': at.toISOString() };
  const given = [amqpUrl(rabbitUrl), dead, JSON.stringify(headers), body.toString()];
  execFileSync(process.execPath, ['--input-type=module', '--eval', script, '--', ...given]);
}

/** Removes all messages from a queue, and returns them. */
export function drain(queue: string): Promise<GetMessage[]> {
  return withChannel(rabbitUrl, async (channel) => {
    const messages: GetMessage[] = [];
    for (let next = await channel.get(queue, { noAck: true }); next; next = await channel.get(queue, { noAck: true }))
      messages.push(next);
    return messages;
  });
}

/** Returns the texts of messages. */
export const textsOf = (messages: readonly GetMessage[]): string[] => messages.map(({ content }) => content.toString());

/** Deletes queues. */
export async function deleteQueues(...names: readonly string[]): Promise<void> {
  await withChannel(rabbitUrl, async (channel) => {
    for (const name of names) await channel.deleteQueue(name);
  });
}
