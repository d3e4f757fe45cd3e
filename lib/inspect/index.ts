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
export { findDeadLetter, unknownIdText } from './dead-letters/find-dead-letter.js';
export { listDeadLetters } from './dead-letters/list-dead-letters.js';
export { NOT_DEAD_LETTERED } from './dead-letters/only-dead-letters.js';
export { purgeDeadLetters } from './dead-letters/purge-dead-letters.js';
export { replayDeadLetters } from './dead-letters/replay-dead-letters.js';
export { type UnknownGroup, unknownGroupText } from './dead-letters/unknown-group.js';
export { type Diagnosis, diagnose, diagnosisOf } from './diagnosis/diagnose.js';
export { type Finding, type FindingKind, type FindingState, findingText, isFault } from './diagnosis/finding.js';
export { DurationHistogram } from './duration-histogram.js';
export { type ExcerptBounds, type ExcerptTexts, excerpt } from './excerpt.js';
export { type LedgerQueues, ledgerDeclarations, ledgerQueues } from './ledger-queues.js';
export { checkService, type Demands, type Measure } from './service-check.js';
export { openTap, turnOffTracing } from './tap/open-tap.js';
export type { Tap, TapTracing } from './tap/tap.js';
export {
  isOfRequest,
  type TapEvent,
  type TapInterruption,
  type TappedCall,
  type TappedCaller,
  type TappedCast,
  type TappedFailure,
  type TappedOutcome,
  type TappedRequest,
  type TappedUndecodable,
} from './tap/tap-event.js';
export type { TapFilter, TapOptions } from './tap/tap-options.js';
export { TapRefused } from './tap/tap-refused.js';
export type { TapCounts, TapDurations, TappedMethod, TapSummary } from './tap/tap-summary.js';
export {
  byExchange,
  type ServerState,
  type SurveyedServer,
  type SurveyedTopic,
  surveyAll,
  surveyServer,
  topicsAt,
  withExactServers,
} from './topic-survey.js';
