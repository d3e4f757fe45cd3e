import {
  Counters,
  type Deadline,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  RabbitConnection,
  withUrlOptions,
} from '../../internal.js';

/**
 * Returns those of the queues that nobody consumes: notifications wait in them. Asks the broker, and changes nothing.
 * @throws Error where it cannot be asked
 */
export async function queuesWithoutListener(
  options: OsloMessagingOptions,
  queues: readonly string[],
  deadline: Deadline,
): Promise<string[]> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.notificationTransportUrl.expose());
  const settings = withUrlOptions(given, url);
  const connection = new RabbitConnection(url, { settings, counters: new Counters() }, 'notify');
  try {
    const model = await connection.acquire(deadline, 0);
    const channel = await model.createChannel();
    // The broker closes the channel where a queue is missing.
    channel.on('error', () => undefined);
    const idle: string[] = [];
    for (const queue of queues) {
      const { consumerCount } = await deadline.race(channel.checkQueue(queue), () => new Error('no answer in time'));
      if (consumerCount === 0) idle.push(queue);
    }
    return idle;
  } finally {
    await connection.close();
  }
}
