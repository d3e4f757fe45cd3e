import { newId } from '../../internal.js';
import { type LedgerQueues, ledgerDeclarations, ledgerQueues } from '../ledger-queues.js';

/** Beginning of the names of all queues of taps. */
export const TAP_PREFIX = 'oslo_tap_';

/** Bounds of the queue that the tap reads. */
const BOUNDS = { messages: 20_000, bytes: 16 * 2 ** 20 };

/** Queues of a tap. */
export type TapQueues = LedgerQueues;

/** Returns new names. */
export function tapQueues(): TapQueues {
  return ledgerQueues(TAP_PREFIX + newId().slice(0, 16));
}

/** Returns the queues with the options to declare them, in order. */
export function declarations(queues: TapQueues): ReturnType<typeof ledgerDeclarations> {
  return ledgerDeclarations(queues, BOUNDS);
}
