// What the command `oslo-rpc` and the explorer page show of a running broker.

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
