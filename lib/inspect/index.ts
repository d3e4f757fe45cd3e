// What the command `oslo-rpc` and the explorer page show of a running broker.

export type { Tap, TapTracing } from './tap/tap.js';
export type {
  TapEvent,
  TapInterruption,
  TappedCall,
  TappedCaller,
  TappedCast,
  TappedFailure,
  TappedOutcome,
  TappedRequest,
  TappedUndecodable,
} from './tap/tap-event.js';
export type { TapFilter, TapOptions } from './tap/tap-options.js';
export type { TapCounts, TapDurations, TappedMethod, TapSummary } from './tap/tap-summary.js';
