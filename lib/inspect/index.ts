// What the command `oslo-rpc` and the explorer page show of a running broker.

export type { DeadLetter, DeadLetterContent, DeadLetterKind } from './dead-letters/dead-letter.js';
export type { DeadLetterGroup, DeadLetterListing, DeadLetterQueueListing } from './dead-letters/dead-letter-listing.js';
export type {
  DeadLetterFilter,
  DeadLetterScope,
  PurgeOptions,
  PurgeResult,
  ReplayFailure,
  ReplayOptions,
  ReplayProgress,
  ReplayResult,
} from './dead-letters/dead-letter-options.js';
// listDeadLetters(scope: DeadLetterScope & { filter?: DeadLetterFilter }): Promise<DeadLetterListing>
// findDeadLetter(scope: DeadLetterScope, id: string): Promise<DeadLetterContent>
// replayDeadLetters(options: ReplayOptions): Promise<ReplayResult>
// purgeDeadLetters(options: PurgeOptions): Promise<PurgeResult>
