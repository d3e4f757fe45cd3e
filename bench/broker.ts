import { withChannel } from '../test/support/amqp.js';
import { RabbitNode } from '../test/support/rabbit-node.js';

export interface Broker {
  url: string;
  /** Leaves nothing behind that belonged to one of `topics`. */
  release(topics: readonly string[]): Promise<void>;
  deleteQueues(names: readonly string[]): Promise<void>;
}

/** A private node, which goes with all that is in it, unless TEST_RABBIT_URL names a broker that runs already. */
export async function openBroker(): Promise<Broker> {
  const given = process.env.TEST_RABBIT_URL;
  if (given) {
    const release = (topics: readonly string[]) =>
      deleteQueues(
        given,
        topics.flatMap((topic) => [topic, `${topic}.bench`]),
      );
    return { url: given, release, deleteQueues: (names) => deleteQueues(given, names) };
  }
  const node = await RabbitNode.start();
  return { url: node.url, release: () => node.stop(), deleteQueues: (names) => deleteQueues(node.url, names) };
}

/** Server queues outlive their servers. Deleting one that does not exist is no error. */
async function deleteQueues(url: string, names: readonly string[]): Promise<void> {
  await withChannel(url, async (channel) => {
    for (const name of names) await channel.deleteQueue(name);
  });
}
