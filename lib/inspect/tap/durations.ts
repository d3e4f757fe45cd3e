import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { TapDurations } from './tap-summary.js';

/** Longest duration that is told from longer ones, in microseconds: an hour. */
const MAX_US = 3_600_000_000;

/** Distribution of durations, with an error of at most one percent. */
export class Durations {
  private histogram: RecordableHistogram | undefined;

  /** @param milliseconds duration in milliseconds */
  record(milliseconds: number): void {
    this.histogram ??= createHistogram({ lowest: 1, highest: MAX_US, figures: 2 });
    this.histogram.record(Math.min(MAX_US, Math.max(1, Math.round(milliseconds * 1000))));
  }

  /** Returns the distribution; undefined before the first duration. */
  summary(): TapDurations | undefined {
    const { histogram } = this;
    if (!histogram) return undefined;
    const at = (percentile: number) => histogram.percentile(percentile) / 1000;
    return {
      count: histogram.count,
      min: histogram.min / 1000,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: histogram.max / 1000,
    };
  }
}
