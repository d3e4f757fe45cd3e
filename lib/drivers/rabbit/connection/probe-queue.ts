import type { ChannelModel, Options } from 'amqplib';
import { newReplyQueueName } from '../../reply-queue.js';

/**
 * Declares a queue on a channel of its own and deletes it, to see how the broker answers. Its name is that of a reply queue,
 * which every client may declare.
 * @throws the refusal, or the loss of the connection
 */
export async function probeQueue(model: ChannelModel, options: Options.AssertQueue): Promise<void> {
  const name = newReplyQueueName();
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  await channel.assertQueue(name, options);
  await channel.deleteQueue(name);
  await channel.close();
}

/**
 * Resolves when a node has done what it cannot without the majority of its cluster.
 * @throws the refusal, or the loss of the connection
 */
export function probeNode(model: ChannelModel): Promise<void> {
  return probeQueue(model, { exclusive: true, durable: false });
}
