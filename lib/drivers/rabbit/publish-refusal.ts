import type { Publication } from './publisher.js';
import { replyCodeOf } from './reply-code.js';
import { BASIC, METHOD } from './wire/frame-format.js';

/** RabbitMQ's refusals of one message, for which it closes the channel: with them all that is unconfirmed there is lost. */
const EXCHANGE = /ACCESS_REFUSED.*exchange '([^']*)'/;
const KEY = /ACCESS_REFUSED.*topic '([^']*)' in exchange/;
const SIZE = /PRECONDITION_FAILED.*message size (\d+) is larger/;

/** What a message published without an exchange is said to be published to. */
const DEFAULT_EXCHANGE = 'amq.default';

/**
 * Whose message the broker refused when it closed the channel. To send that one again would be refused again, and cost
 * the others their channel each time; the others are sent again however often that happens.
 */
export function blame(
  failure: Error | undefined,
  { exchange, routingKey, body }: Publication,
): 'this' | 'another' | undefined {
  const text = failure?.message ?? '';
  const [, name] = EXCHANGE.exec(text) ?? [];
  const [, key = routingKey] = KEY.exec(text) ?? [];
  const [, size] = SIZE.exec(text) ?? [];
  if (name === undefined && size === undefined) return undefined;
  const ours =
    size === undefined
      ? name === (exchange?.name ?? DEFAULT_EXCHANGE) && key === routingKey
      : Number(size) === body.length;
  return ours ? 'this' : 'another';
}

/** The code with which the broker closed a channel for a `basic.publish`; undefined where an error is another. */
export function publishRefusalCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { classId, methodId } = error as { classId?: unknown; methodId?: unknown };
  return classId === BASIC && methodId === (METHOD.PUBLISH & 0xffff) ? replyCodeOf(error) : undefined;
}
