import type { Channel, Options } from 'amqplib';
import type { RabbitSettings } from '../../core/options.js';
import type { Binding, Route } from '../routing.js';

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
}

/** The exchange of a route, with exactly the arguments that Python declares it with. */
export function exchangeSpec(route: Route, settings: RabbitSettings): ExchangeSpec {
  const options =
    route.type === 'fanout'
      ? { durable: false, autoDelete: true }
      : { durable: settings.durable, autoDelete: settings.autoDelete };
  return { name: route.exchange, type: route.type, options };
}

function sharedOptions(settings: RabbitSettings): Options.AssertQueue {
  const quorum = settings.quorum && {
    arguments: {
      'x-queue-type': 'quorum',
      ...(settings.deliveryLimit > 0 && { 'x-delivery-limit': settings.deliveryLimit }),
    },
  };
  return { durable: settings.durable, autoDelete: settings.autoDelete, exclusive: false, ...quorum };
}

function transientOptions(settings: RabbitSettings): Options.AssertQueue {
  const expires = settings.transientTtl > 0 && { arguments: { 'x-expires': settings.transientTtl } };
  return { durable: false, autoDelete: false, exclusive: false, ...expires };
}

/** A server's queue: the topic's, its own, or its fanout queue. */
export function serverQueue(binding: Binding, settings: RabbitSettings): QueueSpec {
  return {
    name: binding.queue,
    key: binding.key,
    exchange: exchangeSpec(binding, settings),
    options: binding.transient ? transientOptions(settings) : sharedOptions(settings),
  };
}

/** The queue that a publisher of notifications declares, so that nothing is lost before the first listener. */
export function notificationQueue(exchange: string, key: string, settings: RabbitSettings): QueueSpec {
  return {
    name: key,
    key,
    exchange: exchangeSpec({ exchange, key, type: 'topic' }, settings),
    options: sharedOptions(settings),
  };
}

/** Where messages of a queue are kept that cannot be processed. */
export function deadLetterQueue(source: string, settings: RabbitSettings): QueueSpec {
  const name = `${source}.dead`;
  return { name, key: name, exchange: undefined, options: sharedOptions(settings) };
}

export function replyQueue(name: string, settings: RabbitSettings): QueueSpec {
  return { name, key: name, exchange: undefined, options: transientOptions(settings) };
}

/** Names that somebody else declared with other arguments, and that are used as they are. */
export type Adopted = Set<string>;

export async function declareExchange(channel: Channel, exchange: ExchangeSpec, adopted: Adopted): Promise<void> {
  if (adopted.has(`exchange ${exchange.name}`)) return;
  await attempt(`exchange ${exchange.name}`, () =>
    channel.assertExchange(exchange.name, exchange.type, exchange.options),
  );
}

export async function declareQueue(channel: Channel, queue: QueueSpec, adopted: Adopted): Promise<void> {
  if (queue.exchange) await declareExchange(channel, queue.exchange, adopted);
  if (!adopted.has(`queue ${queue.name}`)) {
    await attempt(`queue ${queue.name}`, () => channel.assertQueue(queue.name, queue.options));
  }
  if (queue.exchange) await channel.bindQueue(queue.name, queue.exchange.name, queue.key);
}

/** A declare refused because the thing is there with other arguments. The broker has closed the channel. */
export class DeclareConflict extends Error {
  constructor(
    readonly thing: string,
    cause: Error,
  ) {
    super(`The ${thing} is there with other arguments: ${cause.message}`, { cause });
  }
}

async function attempt(thing: string, declare: () => Promise<unknown>): Promise<void> {
  try {
    await declare();
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 406) throw new DeclareConflict(thing, error);
    throw error;
  }
}
