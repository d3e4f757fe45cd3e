import type { Options } from 'amqplib';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';

type Arguments = Record<string, string | number>;

/**
 * Returns the options of an exchange: exactly those that Python declares it with. Python's publishers leave
 * `rabbit_stream_fanout` out of account, but Python refuses it without `rabbit_transient_quorum_queue`.
 */
export function exchangeOptions(
  { type, autoDelete }: ExchangeSpec,
  { durable, streamFanout, transientQuorum }: RabbitSettings,
): Options.AssertExchange {
  return { durable: type === 'topic' ? durable : transientQuorum || streamFanout, autoDelete };
}

/**
 * Returns the options of a queue: exactly those that Python declares it with, except for temporary queues, which no other
 * program declares.
 */
export function queueOptions(spec: QueueSpec, settings: RabbitSettings): Options.AssertQueue {
  const { stream, temporary, numbered, deadLetters } = spec;
  if (stream) return streamOptions(settings);
  if (deadLetters) return deadLetterOptions(settings);
  if (temporary && settings.privateQueues) return privateOptions(spec, settings);
  return temporary || numbered ? transientOptions(settings) : sharedOptions(settings);
}

function sharedOptions(settings: RabbitSettings): Options.AssertQueue {
  return optionsWith(settings.durable, settings.autoDelete, typeArguments(settings, settings.quorum));
}

/** Returns options as durable as those of the source. No reader deletes the queue by leaving, and no limit drops what was looked at. */
function deadLetterOptions(settings: RabbitSettings): Options.AssertQueue {
  const { 'x-delivery-limit': _, ...args } = typeArguments(settings, settings.quorum);
  return optionsWith(settings.durable, false, args);
}

/**
 * A cluster that has just lost a node declares a quorum queue only when it knows of the loss, a minute later. An exclusive
 * queue goes with its node, so that it can be declared again at once; a fanout queue must keep its messages while the
 * server reconnects.
 */
function privateOptions({ exchange }: QueueSpec, { transientTtl }: RabbitSettings): Options.AssertQueue {
  if (!exchange) return { durable: false, autoDelete: false, exclusive: true, arguments: {} };
  return optionsWith(true, false, {
    // The virtual host's default type may be another.
    'x-queue-type': 'classic',
    ...(transientTtl > 0 && { 'x-expires': transientTtl }),
  });
}

function transientOptions(settings: RabbitSettings): Options.AssertQueue {
  const { transientQuorum, transientTtl } = settings;
  return optionsWith(transientQuorum, false, {
    ...typeArguments(settings, transientQuorum),
    ...(transientTtl > 0 && { 'x-expires': transientTtl }),
  });
}

function streamOptions({ transientTtl }: RabbitSettings): Options.AssertQueue {
  const age = transientTtl > 0 && { 'x-max-age': `${Math.ceil(transientTtl / 1000)}s` };
  return optionsWith(true, false, { 'x-queue-type': 'stream', ...age });
}

function typeArguments({ mirrored, quorumArguments }: RabbitSettings, quorum: boolean): Arguments {
  return {
    ...(mirrored && { 'x-ha-policy': 'all' }),
    ...(quorum && { 'x-queue-type': 'quorum', ...quorumArguments }),
  };
}

function optionsWith(durable: boolean, autoDelete: boolean, args: Arguments): Options.AssertQueue {
  return { durable, autoDelete, exclusive: false, arguments: args };
}
