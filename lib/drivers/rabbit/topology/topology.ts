import { createHash } from 'node:crypto';
import { newId } from '../../../core/id.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import { REPLY_QUEUE_PREFIX } from '../../reply-queue.js';
import type { Binding, Route } from '../../routing.js';
import { MAX_NAME_BYTES } from '../wire/outgoing-frames.js';

/** Exchange to declare, with the options of {@link exchangeOptions}. */
export interface ExchangeSpec {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  /** True when it goes with its last queue. */
  readonly autoDelete: boolean;
  /** True to use it only where it exists: a question to servers must not declare what they declare with other options. */
  readonly passive?: boolean;
}

/** Queue to declare, with the options of {@link queueOptions}, and to bind. Without an exchange it is published to by its name. */
export interface QueueSpec {
  readonly name: string;
  readonly exchange: ExchangeSpec | undefined;
  readonly key: string;
  /** True when a number is appended to the name: the first that no other process has claimed. */
  readonly numbered?: boolean;
  /** True when its messages must survive a restart of the broker. It is not consumed when it, or its exchange, is transient. */
  readonly lasting?: boolean;
  /** True when it is deleted as its consumer closes. */
  readonly temporary?: boolean;
  /** Returns another name for a temporary queue that cannot be reached. */
  readonly rename?: () => string;
  /** True for a dead-letter queue: not auto-delete, no delivery limit. */
  readonly deadLetters?: boolean;
  /** True for a stream: it is read from an offset, and reading removes nothing. */
  readonly stream?: boolean;
  /** Time in milliseconds for which acknowledgements may be batched. */
  readonly gathering?: number;
  /** Arguments of `basic.consume`. */
  readonly consume?: Readonly<Record<string, unknown>>;
}

/** Returns the exchange of a route. */
export function exchangeSpec({ exchange: name, type }: Route, { autoDelete }: RabbitSettings): ExchangeSpec {
  return { name, type, autoDelete: type === 'fanout' || autoDelete };
}

/** Returns a queue of a server: the topic's, its own, or its fanout queue. */
export function serverQueue(binding: Binding, settings: RabbitSettings): QueueSpec {
  const exchange = exchangeSpec(binding, settings);
  if (!binding.transient) {
    const { queue: name, key } = binding;
    return { name, key, exchange, ...cancelling(settings) };
  }
  // Python binds it with the topic as key, although a fanout exchange ignores the key.
  const key = binding.exchange.replace(/_fanout$/, '');
  if (settings.streamFanout) {
    return { name: binding.exchange, key, exchange, stream: true };
  }
  const prefix = `${binding.exchange}_`;
  return { ...transientQueue(prefix, binding.queue, settings), key, exchange };
}

/** Returns the queue that a publisher of notifications declares, so that none is lost before the first listener starts. */
export function notificationQueue(exchange: string, key: string, settings: RabbitSettings): QueueSpec {
  return {
    name: key,
    key,
    exchange: exchangeSpec({ exchange, key, type: 'topic' }, settings),
    ...cancelling(settings),
  };
}

/** Returns the dead-letter queue of a queue. It is published to by its name, or by the source's name on an exchange. */
export function deadLetterQueue(source: string, settings: RabbitSettings): QueueSpec {
  const name = deadLetterName(source);
  const { deadLetterExchange } = settings;
  if (deadLetterExchange === undefined) return { name, key: name, exchange: undefined, deadLetters: true };
  const exchange = exchangeSpec({ exchange: deadLetterExchange, key: source, type: 'topic' }, settings);
  return { name, key: source, exchange, deadLetters: true };
}

/** Returns `<source>.dead`, cut and made unique by a hash where AMQP allows no name of that length. */
function deadLetterName(source: string): string {
  const name = `${source}.dead`;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  let cut = source;
  while (Buffer.byteLength(cut) > MAX_NAME_BYTES - '~12345678.dead'.length) cut = cut.slice(0, -1);
  return `${cut}~${hash}.dead`;
}

/**
 * Time in milliseconds for which acknowledgements of replies are batched. Losing them does no harm: a reply that is
 * delivered again finds no call that waits for it.
 */
const REPLY_ACK_DELAY_MS = 20;

/** Returns the reply queue of a transport. @param name random name, unless names are made from host and process */
export function replyQueue(name: string, settings: RabbitSettings): QueueSpec {
  const queue = transientQueue(REPLY_QUEUE_PREFIX, name, settings);
  return { ...queue, key: name, exchange: undefined, gathering: REPLY_ACK_DELAY_MS };
}

function transientQueue(prefix: string, randomName: string, settings: RabbitSettings) {
  const { queueManager } = settings;
  return {
    ...(queueManager === undefined
      ? { name: randomName, temporary: true, rename: () => `${prefix}${newId()}` }
      : { name: `${prefix}${queueManager}:`, numbered: true }),
    ...cancelling(settings),
  };
}

function cancelling({ cancelOnFailover }: RabbitSettings): Pick<QueueSpec, 'consume'> {
  return cancelOnFailover ? { consume: { 'x-cancel-on-ha-failover': true } } : {};
}
