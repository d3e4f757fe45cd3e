import type { TapEvent } from './tap-event.js';
import type { TapCounts, TapSummary } from './tap-summary.js';

/**
 * Tracing of the virtual host: not needed; on before the tap opened; turned on by this tap, or by another that was open then.
 * The last open tap turns off tracing that a tap turned on.
 */
export type TapTracing = 'not used' | 'was on' | 'turned on';

/**
 * Watches the traffic of a topic. Nothing is consumed from a queue of others. Iterate it once to read its events; it ends when
 * it is closed. Its memory is bounded also where nobody reads.
 */
export interface Tap extends AsyncIterable<TapEvent> {
  /** Counts until now. */
  readonly counts: TapCounts;
  readonly tracing: TapTracing;
  /** Time in milliseconds by which the tap is behind the broker, measured every few seconds; undefined before the first. */
  readonly lagMs: number | undefined;
  /** Returns the summary until now. */
  summary(): TapSummary;
  /**
   * Ends the events, and leaves the broker as it was: deletes the queues of the tap, and turns off tracing where it turned it on.
   * Calls that wait for their reply are reported as `unknown`. Safe to call twice.
   * @throws TapTracingError when tracing stays on although this tap turned it on
   */
  close(): Promise<void>;
}
