import type { ChannelModel, Options } from 'amqplib';
import { toError } from '../../../core/errors.js';
import { brokerVersion } from '../connection/broker-version.js';
import { isAbsent, replyCodeOf } from '../connection/reply-code.js';
import { differenceIn } from './conflict.js';
import type { QueueRules } from './management-api.js';

/** Type of a queue, and its rule for messages that return to it. */
export interface QueueType {
  /** `quorum` where it is not known. */
  readonly type: 'classic' | 'quorum' | 'stream';
  /** False where the user may not configure the queue, and there is no management API. */
  readonly isKnown: boolean;
  /** Number of returns after which the broker drops a message at the next one; Infinity for no limit. */
  readonly maxReturns: number;
  /** True where nothing else can limit them: a policy is seen by the management API only. */
  readonly isCertain: boolean;
  /** True where `basic.nack` returns a message to its place, uncounted: quorum queues from RabbitMQ 4.3 on. */
  readonly returnsByNack: boolean;
}

/** Limit of a quorum queue from RabbitMQ 4 on, where neither arguments nor a policy set one. */
const DEFAULT_LIMIT = 20;

/** First release whose quorum queues do not count a `basic.nack`. */
const UNCOUNTED_NACKS = 4.03;

/** Limit that no queue has. */
const UNLIKELY_LIMIT = 2_147_483_000;

/** Maximum number of arguments that are learned one after another. */
const MAX_ATTEMPTS = 24;

/** AMQP reply codes of a queue that other arguments declare, or that the user may not configure. */
const PRECONDITION_FAILED = 406;
const ACCESS_REFUSED = 403;

/** Returns the type of a queue from its rules, as the management API told them. */
export function typeIn(model: ChannelModel, { arguments: args, policy, type }: QueueRules): QueueType {
  const own = args['x-delivery-limit'];
  const byPolicy = policy['delivery-limit'];
  return { ...typeOf(model, String(type ?? args['x-queue-type'] ?? 'classic'), [own, byPolicy]), isCertain: true };
}

/**
 * Finds the type of a queue that exists, without the management API. The broker names one difference in each refusal of another
 * declaration.
 * @throws Error for a queue that does not exist, or that another connection uses exclusively
 */
export async function probeType(model: ChannelModel, queue: string): Promise<QueueType> {
  const options: Options.AssertQueue & { arguments: Record<string, unknown> } = {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': UNLIKELY_LIMIT },
  };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const refusal = await refusalOf(model, queue, options);
    // A broker with relaxed checks accepts any declaration of a queue that exists. A user may have no permission to configure.
    if (refusal === undefined || replyCodeOf(refusal) === ACCESS_REFUSED) return unknownType(model);
    if (replyCodeOf(refusal) !== PRECONDITION_FAILED) throw refusal;
    const { argument, found } = differenceIn(refusal.message) ?? {};
    if (argument === undefined || found === undefined) throw refusal;
    // Quorum queues are durable, and neither exclusive nor auto-delete.
    if (!argument.startsWith('x-')) return typeOf(model, 'classic', []);
    if (argument === 'x-queue-type') return typeOf(model, /'(quorum|stream)'/.exec(found)?.[1] ?? 'classic', []);
    if (argument === 'x-delivery-limit') return typeOf(model, 'quorum', [numberIn(found)]);
    const value = valueIn(found);
    if (value === undefined) delete options.arguments[argument];
    else options.arguments[argument] = value;
  }
  return unknownType(model);
}

function unknownType(model: ChannelModel): QueueType {
  return { ...typeOf(model, 'quorum', []), isKnown: false };
}

function typeOf(model: ChannelModel, type: string, limits: readonly unknown[]): QueueType {
  if (type !== 'quorum')
    return {
      type: type === 'stream' ? 'stream' : 'classic',
      isKnown: true,
      maxReturns: Number.POSITIVE_INFINITY,
      isCertain: true,
      returnsByNack: false,
    };
  const version = brokerVersion(model);
  const given = limits.filter((limit): limit is number => typeof limit === 'number');
  const byDefault = version >= 4 ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY;
  // A negative one is unlimited.
  const maxReturns =
    given.length === 0 ? byDefault : Math.min(...given.map((limit) => (limit < 0 ? Number.POSITIVE_INFINITY : limit)));
  const returnsByNack = version >= UNCOUNTED_NACKS;
  return { type, isKnown: true, maxReturns, isCertain: returnsByNack, returnsByNack };
}

/** Returns the refusal of a declaration; undefined where it was accepted. @throws as {@link probeType} */
export async function refusalOf(
  model: ChannelModel,
  queue: string,
  options: Options.AssertQueue,
): Promise<Error | undefined> {
  const channel = await model.createChannel();
  let isOpen = true;
  channel
    .on('error', () => undefined)
    .once('close', () => {
      isOpen = false;
    });
  try {
    await channel.checkQueue(queue);
    await channel.assertQueue(queue, options);
    return undefined;
  } catch (thrown) {
    const error = toError(thrown);
    if (isAbsent(error)) throw error;
    return error;
  } finally {
    if (isOpen) await channel.close().catch(() => undefined);
  }
}

/** Returns the number in a text such as `the value '5' of type 'long'`; undefined for none. */
function numberIn(text: string): number | undefined {
  const [, digits] = /'(-?\d{1,10})'/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Returns the value in a text of that form. */
export function valueIn(text: string): string | number | boolean | undefined {
  const [, value, type] = /^the value '(.*)' of type '(\w+)'$/.exec(text) ?? [];
  if (value === undefined) return undefined;
  if (type === 'bool') return value === 'true';
  return type === 'longstr' ? value : Number(value);
}
