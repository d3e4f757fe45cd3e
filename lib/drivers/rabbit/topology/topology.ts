import { createHash } from 'node:crypto';
import type { Options } from 'amqplib';
import type { RabbitSettings } from '../../../core/options.js';
import { REPLY_QUEUE_PREFIX } from '../../reply-queue.js';
import type { Binding, Route } from '../../routing.js';
import { LONGEST_NAME } from '../wire/outgoing-frames.js';

/** An exchange to declare. */
export interface ExchangeSpec {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  readonly options: Options.AssertExchange;
}

/** A queue to declare and bind. Without an exchange it is reached by its name. */
export interface QueueSpec {
  readonly name: string;
  readonly options: Options.AssertQueue;
  readonly exchange: ExchangeSpec | undefined;
  readonly key: string;
  /** The name lacks its number, which is the first that no other process has claimed. */
  readonly numbered?: boolean;
  /** What it holds must outlive the broker, so that it is not read where somebody has declared it, or its exchange, as transient. */
  readonly lasting?: boolean;
  /** Deleted when its consumer closes. */
  readonly temporary?: boolean;
  /** Read from an offset, and not emptied by reading. */
  readonly stream?: boolean;
  /** Milliseconds for which acknowledgements may be gathered. */
  readonly gathering?: number;
  /** Arguments of the consumer. */
  readonly consume?: Readonly<Record<string, unknown>>;
}

type Arguments = Record<string, string | number>;

/** The exchange of a route, with exactly the arguments that Python declares it with. */
export function exchangeSpec(route: Route, settings: RabbitSettings): ExchangeSpec {
  const options =
    route.type === 'fanout'
      ? { durable: settings.transientQuorum, autoDelete: true }
      : { durable: settings.durable, autoDelete: settings.autoDelete };
  return { name: route.exchange, type: route.type, options };
}

/** The topic's queue, the server's own, or its fanout queue. */
export function serverQueue(binding: Binding, settings: RabbitSettings): QueueSpec {
  const exchange = exchangeSpec(binding, settings);
  if (!binding.transient) {
    const { queue: name, key } = binding;
    return { name, key, exchange, options: sharedOptions(settings), ...cancelling(settings) };
  }
  // Python binds it with the topic, although a fanout exchange looks at no key.
  const key = binding.exchange.replace(/_fanout$/, '');
  if (settings.streamFanout) {
    const durable = { ...exchange, options: { ...exchange.options, durable: true } };
    return { name: binding.exchange, key, exchange: durable, options: streamOptions(settings), stream: true };
  }
  return { ...transientQueue(`${binding.exchange}_`, binding.queue, settings), key, exchange };
}

/** The queue that a publisher of notifications declares, so that nothing is lost before the first listener. */
export function notificationQueue(exchange: string, key: string, settings: RabbitSettings): QueueSpec {
  return {
    name: key,
    key,
    exchange: exchangeSpec({ exchange, key, type: 'topic' }, settings),
    options: sharedOptions(settings),
    ...cancelling(settings),
  };
}

/** Header of a message that may be in its queue already: its sender lost the connection before it was confirmed. */
export const PUBLISHED_AGAIN = 'x-published-again';

/** Header of a message that was put back into a queue that does not count: how often it had come back. */
export const RETURNS = 'x-returns';

/** Header of a dead letter: how often it was delivered. */
export const DELIVERIES = 'x-deliveries';

/** Where messages of a queue are kept that cannot be processed: reached by its name, or by the source's on an exchange. */
export function deadLetterQueue(source: string, settings: RabbitSettings): QueueSpec {
  const name = deadLetterName(source);
  const { deadLetterExchange } = settings;
  const options = sharedOptions(settings);
  if (deadLetterExchange === undefined) return { name, key: name, exchange: undefined, options };
  const exchange = exchangeSpec({ exchange: deadLetterExchange, key: source, type: 'topic' }, settings);
  return { name, key: source, exchange, options };
}

/** The name of a queue that is itself as long as AMQP allows is cut, and told from its like by a hash. */
function deadLetterName(source: string): string {
  const name = `${source}.dead`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  let cut = source;
  while (Buffer.byteLength(cut) > LONGEST_NAME - '~12345678.dead'.length) cut = cut.slice(0, -1);
  return `${cut}~${hash}.dead`;
}

/** A reply that comes again, because its acknowledgement was lost with the connection, finds nobody who waits for it. */
const GATHERING_OF_REPLIES = 20;

/** @param name taken unless names are made from host and process */
export function replyQueue(name: string, settings: RabbitSettings): QueueSpec {
  const queue = transientQueue(REPLY_QUEUE_PREFIX, name, settings);
  return { ...queue, key: name, exchange: undefined, gathering: GATHERING_OF_REPLIES };
}

function transientQueue(prefix: string, randomName: string, settings: RabbitSettings) {
  const { queueManager } = settings;
  return {
    ...(queueManager === undefined
      ? { name: randomName, temporary: true }
      : { name: `${prefix}${queueManager}:`, numbered: true }),
    options: transientOptions(settings),
    ...cancelling(settings),
  };
}

function sharedOptions(settings: RabbitSettings): Options.AssertQueue {
  return queueOptions(settings.durable, settings.autoDelete, typeArguments(settings, settings.quorum));
}

function transientOptions(settings: RabbitSettings): Options.AssertQueue {
  const { transientQuorum, transientTtl } = settings;
  return queueOptions(transientQuorum, false, {
    ...typeArguments(settings, transientQuorum),
    ...(transientTtl > 0 && { 'x-expires': transientTtl }),
  });
}

function streamOptions({ transientTtl }: RabbitSettings): Options.AssertQueue {
  const age = transientTtl > 0 && { 'x-max-age': `${Math.ceil(transientTtl / 1000)}s` };
  return queueOptions(true, false, { 'x-queue-type': 'stream', ...age });
}

function typeArguments({ mirrored, quorumArguments }: RabbitSettings, quorum: boolean): Arguments {
  return {
    ...(mirrored && { 'x-ha-policy': 'all' }),
    ...(quorum && { 'x-queue-type': 'quorum', ...quorumArguments }),
  };
}

function queueOptions(durable: boolean, autoDelete: boolean, args: Arguments): Options.AssertQueue {
  return { durable, autoDelete, exclusive: false, arguments: args };
}

function cancelling({ cancelOnFailover }: RabbitSettings): Pick<QueueSpec, 'consume'> {
  return cancelOnFailover ? { consume: { 'x-cancel-on-ha-failover': true } } : {};
}
