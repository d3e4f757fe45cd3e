import { replyCodeOf } from '../connection/reply-code.js';
import { BASIC, METHOD } from '../wire/frame-format.js';
import type { OutgoingMessage } from '../wire/outgoing-frames.js';

/** AMQP reply code for an exchange that does not exist. */
export const NOT_FOUND = 404;

/** Texts of RabbitMQ, which calls the default exchange `amq.default`. */
const REFUSED_EXCHANGE = /ACCESS_REFUSED.*exchange '([^']*)'/;
const REFUSED_KEY = /ACCESS_REFUSED.*topic '([^']*)' in exchange/;
const MISSING_EXCHANGE = /NOT_FOUND - no exchange '([^']*)'/;
const TOO_LARGE = /PRECONDITION_FAILED.*message size (\d+) is larger/;
const DEFAULT_EXCHANGE = 'amq.default';

/** Returns the exchange that the broker named when it closed a channel; undefined where it named none. */
export function exchangeIn(failure: Error | undefined): string | undefined {
  const text = failure?.message ?? '';
  const [, name] = MISSING_EXCHANGE.exec(text) ?? REFUSED_EXCHANGE.exec(text) ?? [];
  return name === DEFAULT_EXCHANGE ? '' : name;
}

/**
 * Outcome of a message without a confirm when the broker closes its channel.
 * - `refused`: the channel was closed because of it.
 * - `unprocessed`: it was behind the refused message; the broker dropped it.
 * - `confirm-lost`: it was before the refused message. The broker routed it, but a queue may still have refused it.
 * - `vanished`: its exchange vanished while messages were under way; it was routed or dropped.
 * - `lost`: the broker named no message of this channel, so nothing is known.
 */
export type CloseOutcome = 'refused' | 'unprocessed' | 'confirm-lost' | 'vanished' | 'lost';

/**
 * Returns the outcome of each message that had no confirm when the broker closed its channel. The broker processes the
 * messages of a channel in order.
 * @param messages by their delivery tags, in order
 * @param processed highest delivery tag that the broker confirmed or returned
 */
export function classifyClose(
  failure: Error,
  messages: readonly (readonly [tag: number, { readonly message: OutgoingMessage }])[],
  processed: number,
): Map<number, CloseOutcome> {
  const matching = messages
    .filter(([tag, { message }]) => tag > processed && matches(failure, message))
    .map(([tag]) => tag);
  const [first] = matching;
  const last = matching.at(-1) ?? 0;
  const isMissing = replyCodeOf(failure) === NOT_FOUND;
  const outcomes = new Map<number, CloseOutcome>();
  for (const [tag, { message }] of messages) {
    if (tag <= processed) outcomes.set(tag, 'confirm-lost');
    else if (first === undefined) outcomes.set(tag, 'lost');
    else if (tag < first) outcomes.set(tag, 'confirm-lost');
    else if (tag > last) outcomes.set(tag, 'unprocessed');
    // An exchange that is missing now may have routed an earlier message. Other refusals apply to every message like it.
    else if (isMissing) outcomes.set(tag, first === last ? 'refused' : 'vanished');
    else outcomes.set(tag, matches(failure, message) ? 'refused' : 'unprocessed');
  }
  return outcomes;
}

/** Returns true when the broker may have closed the channel because of the message. */
function matches(failure: Error, { exchange, routingKey, body }: OutgoingMessage): boolean {
  const { message: text } = failure;
  const [, size] = TOO_LARGE.exec(text) ?? [];
  if (size !== undefined) return Number(size) === body.length;
  const [, key = routingKey] = REFUSED_KEY.exec(text) ?? [];
  return exchangeIn(failure) === exchange && key === routingKey;
}

/** Returns the reply code with which the broker refused a `basic.publish`; undefined for any other error. */
export function publishRefusalCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { classId, methodId } = error as { classId?: unknown; methodId?: unknown };
  return classId === BASIC && methodId === (METHOD.PUBLISH & 0xffff) ? replyCodeOf(error) : undefined;
}
