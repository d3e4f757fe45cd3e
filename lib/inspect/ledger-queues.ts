import type { Options } from 'amqplib';

/** Bounds of a queue. */
export interface QueueBounds {
  readonly messages: number;
  readonly bytes?: number;
}

/** Bounds of the queue of dropped messages. */
const DROPPED: QueueBounds = { messages: 50_000, bytes: 16 * 2 ** 20 };

/** Queues of a reader: messages; those that were dropped before they were read; a mark that not all dropped ones are there. */
export interface LedgerQueues {
  readonly messages: string;
  readonly dropped: string;
  readonly mark: string;
}

/** Returns the names for a queue of messages. */
export function ledgerQueues(messages: string): LedgerQueues {
  return { messages, dropped: `${messages}_dropped`, mark: `${messages}_mark` };
}

/**
 * Returns the queues with the options to declare them, in order. They go with the connection, and nobody else can read them. The
 * queue of messages drops its oldest ones: one that refuses new ones would fail their senders.
 */
export function ledgerDeclarations(
  { messages, dropped, mark }: LedgerQueues,
  max: QueueBounds,
): [name: string, Options.AssertQueue][] {
  // The default type of the virtual host may be one that cannot be exclusive.
  const own = { 'x-queue-type': 'classic', 'x-overflow': 'drop-head' };
  const queues: [string, object][] = [
    [mark, { ...own, 'x-max-length': 1 }],
    [dropped, { ...own, ...bounds(DROPPED), ...deadLetters(mark) }],
    [messages, { ...own, ...bounds(max), ...deadLetters(dropped) }],
  ];
  return queues.map(([name, args]) => [name, { exclusive: true, durable: false, autoDelete: true, arguments: args }]);
}

const bounds = ({ messages, bytes }: QueueBounds) => ({
  'x-max-length': messages,
  ...(bytes !== undefined && { 'x-max-length-bytes': bytes }),
});

const deadLetters = (queue: string) => ({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue });
