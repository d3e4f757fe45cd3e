import { MessageDeliveryFailure, MessageUndeliverable } from '../../../core/errors.js';
import type { Publication } from './publication.js';
import type { Outcome } from './publishing-channel.js';

/** The channel was lost before the broker said anything about the message. */
export class Lost extends Error {}

/** A queue refused the message (`basic.nack`). */
export class Nacked extends Error {}

/** The broker closed the channel because of the message. The cause is the broker's error. */
export class Refused extends Error {}

/** The broker closed the channel because of an earlier message and never processed this one. */
export class Unprocessed extends Error {}

/**
 * The broker routed the message, then closed the channel because of a later one. A queue may have taken the message or
 * refused it: its confirm was lost with the channel.
 */
export class ConfirmLost extends Error {}

/** Returns the error for the outcome of a message. @param failure the broker's error, when it closed the channel */
export function failureOf(
  outcome: Exclude<Outcome, 'confirmed'>,
  { exchange, routingKey }: Publication,
  failure: Error | undefined,
): Error {
  switch (outcome) {
    case 'returned':
      return new MessageUndeliverable(
        `No queue is bound to exchange "${exchange?.name ?? ''}" for "${routingKey}": no server has started there, or it uses another exchange`,
      );
    case 'nacked':
      return new Nacked();
    case 'refused':
      return new Refused('The broker closed the channel because of the message', { cause: failure });
    case 'unprocessed':
      return new Unprocessed();
    case 'vanished':
      // Each server has a fanout queue of its own, so it recognizes a message that comes twice.
      return exchange?.type === 'fanout' ? new Unprocessed() : new Lost('the exchange vanished');
    case 'confirm-lost':
      // A second copy of a reply finds no caller. Dead letters and counted returns are published at least once anyway.
      return new (exchange === undefined ? Lost : ConfirmLost)('the channel was closed', { cause: failure });
    case 'lost':
      return new Lost('the channel was closed', { cause: failure });
  }
}

/** Returns the error of a message that a queue refused on two channels. */
export function nackedTwice({ routingKey }: Pick<Publication, 'routingKey'>, cause: Error): MessageDeliveryFailure {
  return new MessageDeliveryFailure(
    `The broker refused the message for "${routingKey}": a queue is full or unavailable`,
    { cause },
  );
}
