import type { Channel, Options } from 'amqplib';
import { brokerVersion } from '../connection/broker-version.js';
import { ACQUIRED_COUNT, DELIVERY_COUNT } from '../wire/header-names.js';

/** Rule by which a queue counts redeliveries. Classic queues and streams do not count. */
export interface DeliveryCounting {
  /** Header of a redelivered message. The queue overwrites the value of the sender. */
  readonly header: typeof DELIVERY_COUNT | typeof ACQUIRED_COUNT;
  /** Number of returns after which the broker drops a message at the next one; Infinity for no limit. */
  readonly maxReturns: number;
}

/** Limit of a quorum queue from RabbitMQ 4 on, where neither arguments nor a policy set one. */
const DEFAULT_LIMIT = 20;
const QUORUM = 'quorum';

/**
 * Returns the rule of a queue, from the arguments asked for and those that the broker reported as different.
 * @param found returns an argument as the broker reported it
 */
export function deliveryCountingOf(
  channel: Channel,
  options: Options.AssertQueue,
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
    // From 4.3 on the queue sets x-delivery-count at its first count only, and does not count every return there.
    header: version >= 4.03 ? ACQUIRED_COUNT : DELIVERY_COUNT,
    maxReturns: limit ?? byDefault,
  };
}

function limitIn({ arguments: args }: Options.AssertQueue): number | undefined {
  const limit: unknown = args?.['x-delivery-limit'];
  return typeof limit === 'number' ? limit : undefined;
}

/** Returns the number in a text like `the value '5' of type 'long'`, or `'5'`. */
function numberIn(text: string | undefined): number | undefined {
  const [, digits] = /'(\d{1,10})'/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}
