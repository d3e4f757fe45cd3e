import { DurationHistogram } from '../../inspect/index.js';
import { LatencyBuckets } from './latency-buckets.js';

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

/** Latencies of any number of messages, to three significant digits, and their numbers in ranges. */
export class LatencyHistogram {
  readonly #durations = new DurationHistogram(3);
  readonly buckets = new LatencyBuckets();

  /** @param latency in milliseconds */
  record(latency: number): void {
    this.buckets.record(this.#durations.record(latency));
  }

  /** Returns the figures; undefined without a message. */
  figures(): LatencyFigures | undefined {
    const durations = this.#durations;
    if (durations.count === 0) return undefined;
    const { min, mean, max } = durations;
    const [p50, p90, p95, p99, p999] = [50, 90, 95, 99, 99.9].map((one) => durations.percentile(one)) as Percentiles;
    return { min, mean, p50, p90, p95, p99, 'p99.9': p999, max };
  }

  /** Forgets all latencies. */
  reset(): void {
    this.#durations.reset();
    this.buckets.reset();
  }
}

type Percentiles = [p50: number, p90: number, p95: number, p99: number, p999: number];
