import type { Options } from 'amqplib';
import { newId } from '../../internal.js';

/** Beginning of the names of all queues of taps. */
export const TAP_PREFIX = 'oslo_tap_';

/** Bounds of the queue that the tap reads. It drops its oldest messages: one that refuses new ones would fail their senders. */
const MAX_MESSAGES = 20_000;
const MAX_BYTES = 16 * 2 ** 20;
/** Bounds of the queue of dropped messages. */
const MAX_DROPPED = 50_000;

/** Queues of a tap: messages; those that were dropped before they were read; a mark that not all dropped ones are there. */
export interface TapQueues {
  readonly messages: string;
  readonly dropped: string;
  readonly mark: string;
}

/** Returns new names. */
export function tapQueues(): TapQueues {
  const messages = TAP_PREFIX + newId().slice(0, 16);
  return { messages, dropped: `${messages}_dropped`, mark: `${messages}_mark` };
}

/** Returns the queues with the options to declare them, in order. They go with the connection, and nobody else can read them. */
export function declarations({ messages, dropped, mark }: TapQueues): [name: string, Options.AssertQueue][] {
  const own = { exclusive: true, durable: false, autoDelete: true };
  return [
    [mark, { ...own, arguments: { 'x-max-length': 1, 'x-overflow': 'drop-head' } }],
    [dropped, { ...own, arguments: { ...bounds(MAX_DROPPED), ...deadLetters(mark) } }],
    [messages, { ...own, arguments: { ...bounds(MAX_MESSAGES), ...deadLetters(dropped) } }],
  ];
}

const bounds = (messages: number) => ({
  'x-max-length': messages,
  'x-max-length-bytes': MAX_BYTES,
  'x-overflow': 'drop-head',
});

const deadLetters = (queue: string) => ({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue });
