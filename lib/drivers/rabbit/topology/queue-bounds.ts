import type { ChannelModel, Options } from 'amqplib';
import { replyCodeOf } from '../connection/reply-code.js';
import { differenceIn } from './conflict.js';
import type { QueueRules } from './management-api.js';
import { refusalOf, valueIn } from './queue-type.js';

/** Bounds of a queue beyond which it drops its oldest messages. Infinity for none, also where it refuses new messages instead. */
export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
  /** False where a policy may set a lower one: it is seen by the management API only. */
  readonly isCertain: boolean;
}

/** Maximum number of arguments that are learned one after another. */
const MAX_ATTEMPTS = 24;
/** Reply code of a queue that other arguments declare. */
const PRECONDITION_FAILED = 406;

/** Returns the bounds of a queue from its rules, as the management API told them. */
export function boundsIn({ arguments: args, policy, type }: QueueRules): QueueBounds {
  const least = (name: string) => Math.min(numberOf(args[`x-${name}`]), numberOf(policy[name]));
  const refusesNew = [args['x-overflow'] ?? policy['overflow']].some((one) => /^reject-/.test(String(one)));
  // A stream keeps its messages for their age and size, whoever has read them.
  if (refusesNew || (type ?? args['x-queue-type']) === 'stream')
    return { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY, isCertain: true };
  return { messages: least('max-length'), bytes: least('max-length-bytes'), isCertain: true };
}

/**
 * Finds the bounds that the arguments of a queue set, without the management API: the broker names one difference in each
 * refusal of another declaration. None where the user may not configure the queue.
 */
export async function probeBounds(model: ChannelModel, queue: string): Promise<QueueBounds> {
  const options: Options.AssertQueue & { arguments: Record<string, unknown> } = { durable: true, arguments: {} };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const refusal = await refusalOf(model, queue, options);
    if (refusal === undefined || replyCodeOf(refusal) !== PRECONDITION_FAILED) break;
    const { argument, found } = differenceIn(refusal.message) ?? {};
    if (argument === undefined || found === undefined) break;
    const isSet = /true/.test(found);
    if (argument === 'durable') options.durable = isSet;
    else if (argument === 'auto_delete') options.autoDelete = isSet;
    else if (argument === 'exclusive') options.exclusive = isSet;
    else {
      const value = valueIn(found) ?? typeIn(found);
      if (value === undefined) break;
      options.arguments[argument] = value;
    }
  }
  const isStream = options.arguments['x-queue-type'] === 'stream';
  return { ...boundsIn({ arguments: options.arguments, policy: {} }), isCertain: isStream };
}

/** Returns the type in RabbitMQ's words `'quorum'`, which it writes without the word `value`. */
function typeIn(found: string): string | undefined {
  return /'(\w+)'/.exec(found)?.[1];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : Number.POSITIVE_INFINITY;
}
