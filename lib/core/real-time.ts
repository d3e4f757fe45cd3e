import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';

// Fake timers of a test replace the global functions and, in some versions, those of node:timers as well. These constants
// keep the real ones. Deadlines and delays use the global functions instead, so that tests can fake their time.

/** Calls in the next turn of the event loop, also under fake timers. */
export const nextTurn = setImmediate;
/** Real `setTimeout`. */
export const realTimeout = setTimeout;
/** Ends a {@link realTimeout}. */
export const clearRealTimeout = clearTimeout;
/** Real `setInterval`. */
export const realInterval = setInterval;
/** Ends a {@link realInterval}. */
export const clearRealInterval = clearInterval;

const resolved = Promise.resolve();

/** Calls in a later microtask, also under fake timers. Faster than `queueMicrotask`, which Jest fakes. */
export function soon(work: () => void): void {
  void resolved.then(work);
}
