import { withChannel } from '../test/support/amqp.js';
import { RabbitNode } from '../test/support/rabbit-node.js';

export interface Broker {
  url: string;
  /** Leaves nothing behind that belonged to one of `topics`. */
  release(topics: readonly string[]): Promise<void>;
}

/** A private node, which goes with all that is in it, unless TEST_RABBIT_URL names a broker that runs already. */
export async function openBroker(): Promise<Broker> {
  const given = process.env.TEST_RABBIT_URL;
  if (given) return { url: given, release: (topics) => deleteQueues(given, topics) };
  const node = await RabbitNode.start();
  return { url: node.url, release: () => node.stop() };
}

/** Server queues outlive their servers. Deleting one that does not exist is no error. */
async function deleteQueues(url: string, topics: readonly string[]): Promise<void> {
  await withChannel(url, async (channel) => {
    for (const topic of topics) {
      await channel.deleteQueue(topic);
      await channel.deleteQueue(`${topic}.bench`);
    }
  });
}
