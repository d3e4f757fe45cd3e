import type { Arrival } from '../driver.js';
import type { Delivery } from './delivery.js';

/** Arrival of a request that nothing watches. */
export const UNMEASURED: Arrival = { headers: new Map(), queueWait: undefined, slotWait: 0 };

/** Returns the arrival of a request that no instrumentation reads: only its wait for a slot, which explains a slow server. */
export function unmeasured({ waitingSince }: Delivery, now: number): Arrival {
  return waitingSince === undefined ? UNMEASURED : { ...UNMEASURED, slotWait: now - waitingSince };
}

/** @param now time at which a slot was free, on the monotonic clock in milliseconds */
export function arrivalOf({ headers, waitingSince }: Delivery, queueWait: number | undefined, now: number): Arrival {
  return { headers, queueWait, slotWait: waitingSince === undefined ? 0 : now - waitingSince };
}
