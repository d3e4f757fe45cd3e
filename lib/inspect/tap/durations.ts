import { DurationHistogram } from '../duration-histogram.js';
import type { TapDurations } from './tap-summary.js';

/** Distribution of durations, with an error of at most one percent. */
export class Durations {
  private histogram: DurationHistogram | undefined;

  /** @param milliseconds duration in milliseconds */
  record(milliseconds: number): void {
    this.histogram ??= new DurationHistogram(2);
    this.histogram.record(milliseconds);
  }

  /** Returns the distribution; undefined before the first duration. */
  summary(): TapDurations | undefined {
    const { histogram } = this;
    if (!histogram) return undefined;
    const { count, min, max } = histogram;
    const at = (percentile: number) => histogram.percentile(percentile);
    return { count, min, p50: at(50), p90: at(90), p99: at(99), max };
  }
}
