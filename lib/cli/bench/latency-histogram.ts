import { createHistogram } from 'node:perf_hooks';
import { LatencyBuckets } from './latency-buckets.js';

/** Longest latency that is told apart, in microseconds: one hour. Longer ones count as it. */
const MAX_MICROSECONDS = 3_600_000_000;

/** Figures of a latency, in milliseconds. */
export interface LatencyFigures {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly 'p99.9': number;
  readonly max: number;
}

/**
 * Latencies of any number of messages in bounded memory: an HdrHistogram, which Node.js has built in, of three significant
 * digits.
 */
export class LatencyHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: MAX_MICROSECONDS, figures: 3 });
  readonly buckets = new LatencyBuckets();
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** @param latency in milliseconds */
  record(latency: number): void {
    const microseconds = Math.min(MAX_MICROSECONDS, Math.max(1, Math.round(latency * 1000)));
    this.#histogram.record(microseconds);
    this.buckets.record(microseconds);
    this.#min = Math.min(this.#min, microseconds);
    this.#max = Math.max(this.#max, microseconds);
  }

  /** Returns the figures; undefined without a message. */
  figures(): LatencyFigures | undefined {
    if (this.#histogram.count === 0) return undefined;
    return {
      min: this.#min / 1000,
      mean: Math.round(this.#histogram.mean) / 1000,
      p50: this.#percentile(50),
      p90: this.#percentile(90),
      p95: this.#percentile(95),
      p99: this.#percentile(99),
      'p99.9': this.#percentile(99.9),
      max: this.#max / 1000,
    };
  }

  /** Forgets all latencies. */
  reset(): void {
    this.#histogram.reset();
    this.buckets.reset();
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
  }

  /** Returns the highest latency that the histogram does not tell apart from the percentile, within the exact bounds. */
  #percentile(percentile: number): number {
    return Math.max(this.#min, Math.min(this.#max, this.#histogram.percentile(percentile))) / 1000;
  }
}
