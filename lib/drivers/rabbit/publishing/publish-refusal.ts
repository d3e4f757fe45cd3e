import { replyCodeOf } from '../connection/reply-code.js';
import { BASIC, METHOD } from '../wire/frame-format.js';
import type { OutgoingMessage } from '../wire/outgoing-frames.js';

/** Reply codes of AMQP with which RabbitMQ closes a channel for one message. */
export const NOT_FOUND = 404;

/** RabbitMQ's texts. Its name for the default exchange is `amq.default`. */
const REFUSED_EXCHANGE = /ACCESS_REFUSED.*exchange '([^']*)'/;
const REFUSED_KEY = /ACCESS_REFUSED.*topic '([^']*)' in exchange/;
const MISSING_EXCHANGE = /NOT_FOUND - no exchange '([^']*)'/;
const TOO_LARGE = /PRECONDITION_FAILED.*message size (\d+) is larger/;
const DEFAULT_EXCHANGE = 'amq.default';

/** Returns the exchange that a channel was closed for, where that is known. */
export function exchangeIn(failure: Error | undefined): string | undefined {
  const text = failure?.message ?? '';
  const [, name] = MISSING_EXCHANGE.exec(text) ?? REFUSED_EXCHANGE.exec(text) ?? [];
  return name === DEFAULT_EXCHANGE ? '' : name;
}

/**
 * Outcomes of the messages that were unconfirmed when the broker closed their channel. It processes a channel in
 * order: what is before the guilty message was taken, what is behind it was not.
 */
export class Verdict {
  private first: number | undefined;
  private last = 0;

  /**
   * @param messages unconfirmed, by their number on the channel, in order
   * @param processed the highest number of which the broker has said anything
   */
  constructor(
    private readonly failure: Error,
    messages: Iterable<readonly [number, { readonly message: OutgoingMessage }]>,
    private readonly processed: number,
  ) {
    for (const [tag, { message }] of messages) {
      if (tag <= processed || !this.suspects(message)) continue;
      this.first ??= tag;
      this.last = tag;
    }
  }

  /**
   * `guilty`: refused. `skipped`: not taken. `unsure`: taken or not, as the exchange vanished in between. `lost`: nothing
   * is known, since the broker named nothing of ours.
   */
  on(tag: number, message: OutgoingMessage): 'taken' | 'guilty' | 'skipped' | 'unsure' | 'lost' {
    const { first, last, processed } = this;
    if (tag <= processed) return 'taken';
    if (first === undefined) return 'lost';
    if (tag < first) return 'taken';
    if (tag > last) return 'skipped';
    // An exchange that is missing now may have taken an earlier message. Other refusals concern each of their kind.
    if (replyCodeOf(this.failure) === NOT_FOUND) return first === last ? 'guilty' : 'unsure';
    return this.suspects(message) ? 'guilty' : 'skipped';
  }

  private suspects({ exchange, routingKey, body }: OutgoingMessage): boolean {
    const { message: text } = this.failure;
    const [, size] = TOO_LARGE.exec(text) ?? [];
    if (size !== undefined) return Number(size) === body.length;
    const [, key = routingKey] = REFUSED_KEY.exec(text) ?? [];
    return exchangeIn(this.failure) === exchange && key === routingKey;
  }
}

/** The code with which the broker closed a channel for a `basic.publish`; undefined where an error is another. */
export function publishRefusalCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { classId, methodId } = error as { classId?: unknown; methodId?: unknown };
  return classId === BASIC && methodId === (METHOD.PUBLISH & 0xffff) ? replyCodeOf(error) : undefined;
}
