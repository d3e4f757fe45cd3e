import { MessageDeliveryFailure } from '../../internal.js';

/** Thrown when the broker or its management API does not let a tap do its work. The message says which permission is missing. */
export class TapRefused extends MessageDeliveryFailure {}

const NEEDED =
  'a tap needs the permissions: configure, write and read on "^oslo_tap_", write on "amq.default", read on the exchanges of the topic (with replies: on "amq.rabbitmq.trace")';

/** Returns the error for a refused operation of AMQP; the same error for another failure. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || Reflect.get(error, 'code') !== 403) return error;
  return new TapRefused(`The broker refuses the tap: ${error.message}; ${NEEDED}`, { cause: error });
}
