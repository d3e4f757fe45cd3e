import type { TappedOutcome } from './tap-event.js';
import type { TapCounts } from './tap-summary.js';

/** Counts that change. */
export type Counts = { -readonly [Name in keyof TapCounts]: TapCounts[Name] };

/** Count of each end of a call. */
export const COUNT_OF = {
  result: 'results',
  error: 'errors',
  timeout: 'timeouts',
  undeliverable: 'undeliverable',
  unknown: 'unknown',
} as const satisfies Record<TappedOutcome, keyof TapCounts>;

/** Returns the counts of a tap that has seen nothing. */
export function noCounts(): Counts {
  return {
    calls: 0,
    casts: 0,
    undecodableRequests: 0,
    shown: 0,
    filtered: 0,
    notShown: 0,
    pending: 0,
    lostRequests: 0,
    lostReplies: 0,
    lostIsExact: true,
    interruptions: 0,
    results: 0,
    errors: 0,
    timeouts: 0,
    undeliverable: 0,
    unknown: 0,
    heartbeats: 0,
    lateReplies: 0,
    otherReplies: 0,
    undeliverableReplies: 0,
    undecodableReplies: 0,
  };
}
