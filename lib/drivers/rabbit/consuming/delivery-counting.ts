import type { Channel } from 'amqplib';
import type { QueueSpec } from '../topology/topology.js';

/** Way in which a queue counts what comes back to it. Classic queues and streams do not. */
export interface DeliveryCounting {
  /** Header of a redelivered message, which the queue sets whatever the sender has put there. */
  readonly header: 'x-delivery-count' | 'x-acquired-count';
  /** Returns after which the broker drops a message that is returned once more. Infinity where there is no such bound. */
  readonly maxReturns: number;
}

/** RabbitMQ 4 bounds the returns to a quorum queue whose arguments and policy do not. */
const DEFAULT_LIMIT = 20;
const QUORUM = 'quorum';

/**
 * Tells how a queue counts, from what it was asked to be and what it is.
 * @param found an argument that the broker has said to be another than asked for
 */
export function deliveryCountingOf(
  channel: Channel,
  { options }: QueueSpec,
  found: (argument: string) => string | undefined,
): DeliveryCounting | undefined {
  const asked: unknown = options.arguments?.['x-queue-type'];
  const type = found('x-queue-type');
  const isQuorum = type === undefined ? asked === QUORUM : type.includes(`'${QUORUM}'`);
  if (!isQuorum) return undefined;
  const version = brokerVersion(channel);
  const limit = numberIn(found('x-delivery-limit')) ?? (type === undefined ? limitIn(options) : undefined);
  const byDefault = version >= 4 ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY;
  return {
    // From 4.3 on x-delivery-count is the sender's own until the queue has counted once, and it does not count all.
    header: version >= 4.03 ? 'x-acquired-count' : 'x-delivery-count',
    maxReturns: limit ?? byDefault,
  };
}

function limitIn({ arguments: args }: QueueSpec['options']): number | undefined {
  const limit: unknown = args?.['x-delivery-limit'];
  return typeof limit === 'number' ? limit : undefined;
}

/** In a text like `the value '5' of type 'long'`, or `'5'`. */
function numberIn(text: string | undefined): number | undefined {
  const [, digits] = /'(\d{1,10})'/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Major version and hundredths for the minor one: 4.03 is 4.3. Zero where the broker does not say. */
function brokerVersion({ connection }: Channel): number {
  const { serverProperties } = connection as { serverProperties?: { version?: unknown } };
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(String(serverProperties?.version)) ?? [];
  return Number(major ?? 0) + Number(minor ?? 0) / 100;
}
