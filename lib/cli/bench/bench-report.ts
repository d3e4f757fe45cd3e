import type { BenchMode } from './bench-plan.js';
import type { CheckResult } from './check.js';
import type { ErrorCount } from './error-counts.js';
import type { LatencyBucket } from './latency-buckets.js';
import type { LatencyFigures } from './latency-histogram.js';
import type { RequestCounts } from './measurement.js';
import type { ProfileReport } from './profile-report.js';

/** Result of a load, as `--json` prints it. */
export interface BenchReport {
  readonly mode: BenchMode;
  readonly topic: string;
  readonly exchange: string;
  readonly server: string | null;
  /** True for a demonstration server that the load started. */
  readonly ownServer: boolean;
  /** Method, or event type of notifications. */
  readonly method: string;
  /** Bytes of the argument `data`; null without `--size`. */
  readonly size: number | null;
  readonly concurrency: number;
  readonly clients: number;
  /** Messages a second that were asked for; null where each followed an answer. */
  readonly rate: number | null;
  /** Messages before the measurement. */
  readonly warmup: { readonly sent: number; readonly failed: number };
  /** Seconds from the first message to the last answer. */
  readonly seconds: number;
  /** `notSent`: due at the rate, but `concurrency` others had no answer. */
  readonly requests: RequestCounts & { readonly notSent: number };
  /** Successful messages a second. */
  readonly throughput: number;
  readonly errors: readonly ErrorCount[];
  /** Beginning and end of a latency. */
  readonly measured: { readonly from: 'due' | 'sent'; readonly to: 'result' | 'confirmation' };
  /** Latencies in milliseconds; null without an answer. */
  readonly latency: LatencyFigures | null;
  /** Latencies from the sending on, in milliseconds; null without a rate, where they are the same. */
  readonly latencyFromSending: LatencyFigures | null;
  readonly distribution: readonly LatencyBucket[];
  /** Requests, or notifications, that the servers have handled meanwhile, with the warm-up; null where they do not say. */
  readonly handled: number | null;
  /** Messages that still wait in the queue; null where the broker does not say. */
  readonly waiting: number | null;
  /** CPU time of this process, as a share of one core. */
  readonly clientCpu: number;
  readonly interrupted: boolean;
  /** Null without `--profile`. */
  readonly profile: ProfileReport | null;
  readonly checks: readonly CheckResult[];
}
