import { type ConfirmChannel, connect } from 'amqplib';

/**
 * oslo's `rabbit://user:password@host:port,…/` as amqplib wants it: the first host of them. The path `/` means the virtual
 * host `/`.
 */
export function amqpUrl(url: string): string {
  return url
    .replace(/^rabbit:/, 'amqp:')
    .replace(/,[^/]*/, '')
    .replace(/\/$/, '');
}

/** Runs `work` on a confirm channel of its own, on a connection of its own. */
export async function withChannel<T>(url: string, work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(amqpUrl(url));
  // A failed passive declare closes the channel; the rejected promise says so already.
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    return await work(channel);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

export interface QueueDepth {
  messages: number;
  consumers: number;
}

/** Messages and consumers of a queue, or undefined when there is no such queue. */
export function queueDepth(url: string, name: string): Promise<QueueDepth | undefined> {
  return orMissing(
    withChannel(url, async (channel) => {
      const { messageCount, consumerCount } = await channel.checkQueue(name);
      return { messages: messageCount, consumers: consumerCount };
    }),
  );
}

export async function queueExists(url: string, name: string): Promise<boolean> {
  return (await queueDepth(url, name)) !== undefined;
}

export async function exchangeExists(url: string, name: string): Promise<boolean> {
  return (await orMissing(withChannel(url, async (channel) => channel.checkExchange(name)))) !== undefined;
}

async function orMissing<T>(check: Promise<T>): Promise<T | undefined> {
  try {
    return await check;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 404) return undefined;
    throw error;
  }
}
