import { createHistogram } from 'node:perf_hooks';

/** Maximum duration in microseconds, one hour. Longer ones are counted as this. */
const MAX_MICROSECONDS = 3_600_000_000;

/**
 * Any number of durations in bounded memory: an HdrHistogram, which Node.js has built in. The explorer counts in buckets of its
 * own (`LatencyBuckets`): it keeps a thousand distributions, and clears some of them each second.
 */
export class DurationHistogram {
  readonly #histogram;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** @param figures number of significant digits */
  constructor(figures: 2 | 3) {
    this.#histogram = createHistogram({ lowest: 1, highest: MAX_MICROSECONDS, figures });
  }

  /** Counts a duration in milliseconds. Returns it in microseconds, as it is counted. */
  record(milliseconds: number): number {
    const microseconds = Math.min(MAX_MICROSECONDS, Math.max(1, Math.round(milliseconds * 1000)));
    this.#histogram.record(microseconds);
    this.#min = Math.min(this.#min, microseconds);
    this.#max = Math.max(this.#max, microseconds);
    return microseconds;
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Mean in milliseconds. */
  get mean(): number {
    return Math.round(this.#histogram.mean) / 1000;
  }

  /** Shortest and longest duration in milliseconds, exact. */
  get min(): number {
    return this.#min / 1000;
  }
  get max(): number {
    return this.#max / 1000;
  }

  /** Returns the longest duration in milliseconds that is not told from the percentile, within the exact bounds. */
  percentile(percentile: number): number {
    return Math.max(this.#min, Math.min(this.#max, this.#histogram.percentile(percentile))) / 1000;
  }

  /** Forgets all durations. */
  reset(): void {
    this.#histogram.reset();
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
  }
}
