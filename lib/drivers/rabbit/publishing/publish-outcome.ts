import { MessageDeliveryFailure, MessageUndeliverable } from '../../../core/errors.js';
import type { Publication } from './publication.js';
import type { Outcome } from './publishing-channel.js';

/** The message was written, but the broker did not confirm it before its channel was lost. */
export class Unconfirmed extends Error {}

/** The broker refused the message, by a negative confirmation. */
export class Refused extends Error {}

/** The broker closed the channel for this message. */
export class Guilty extends Error {}

/** The broker closed the channel for an earlier message, and did not take this one. */
export class Skipped extends Error {}

/** Returns the error for what became of a message. */
export function errorOf(outcome: Exclude<Outcome, 'taken'>, { exchange, routingKey }: Publication): Error {
  switch (outcome) {
    case 'returned':
      return new MessageUndeliverable(
        `No queue takes messages for "${routingKey}" on exchange "${exchange?.name ?? ''}": nobody listens there`,
      );
    case 'refused':
      return new Refused();
    case 'guilty':
      return new Guilty();
    case 'skipped':
      return new Skipped();
    case 'unsure':
      // Each server has a fanout queue of its own, so that it knows a message that comes twice.
      return exchange?.type === 'fanout' ? new Skipped() : new Unconfirmed('the exchange vanished');
    case 'lost':
      return new Unconfirmed('the channel was closed');
  }
}

/** Returns the error of a message that was refused on two channels. */
export function refused({ routingKey }: Publication, cause: Refused): MessageDeliveryFailure {
  return new MessageDeliveryFailure(
    `The broker refused the message for "${routingKey}": a queue is full or unavailable`,
    { cause },
  );
}
