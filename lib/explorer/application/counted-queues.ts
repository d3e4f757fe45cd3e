import type { OsloMessagingOptions, Transport } from '../../internal.js';
import { countQueues, type QueuesByTopic, queuesByTopic } from '../topic-facts.js';

/** Queues of an application's topics. */
export interface CountedQueues {
  readonly queues: QueuesByTopic;
  /** Why a management API counts nothing; undefined where all do. */
  readonly error: string | undefined;
}

/** Counts the messages of queues: by the management API, else those of the queues that the application consumes. */
export async function countedQueues(
  brokers: readonly { readonly options: OsloMessagingOptions }[],
  transports: readonly Transport[],
  topics: readonly string[],
): Promise<CountedQueues> {
  let error: string | undefined;
  const counted = await Promise.all(
    brokers.map(({ options }) =>
      countQueues(options, topics).catch((failure: Error) => {
        error = failure.message;
        return [];
      }),
    ),
  );
  const known = new Set(counted.flat().map(({ name }) => name));
  const depths = await Promise.all(transports.map((one) => one.driver.queueDepths().catch(() => [])));
  const consumed = depths
    .flat()
    .filter(({ queue }) => !known.has(queue))
    .map(({ queue, messages }) => ({ name: queue, ready: messages, unacknowledged: null, consumers: null }));
  return { queues: queuesByTopic([...counted.flat(), ...consumed], topics), error };
}
