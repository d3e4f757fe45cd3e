import type { Traffic } from '../protocol.js';
import { LatencyBuckets } from './latency-buckets.js';

/** Kinds of messages that are counted apart. */
export type CountedKind = 'calls' | 'casts' | 'notifications';

/** Counts the messages of one direction, for one interval after the other. */
export class DirectionCounter {
  private readonly begun: Record<CountedKind, number> = { calls: 0, casts: 0, notifications: 0 };
  private readonly durations = new LatencyBuckets();
  private errors = 0;
  private timeouts = 0;
  private inFlight = 0;

  /** Number of messages that began in the interval. */
  get total(): number {
    const { calls, casts, notifications } = this.begun;
    return calls + casts + notifications;
  }

  /** Counts the beginning of messages. */
  begin(kind: CountedKind, count: number): void {
    this.begun[kind] += count;
    this.inFlight += count;
  }

  /** Counts their end. @param bucket bucket of the duration */
  end(count: number, milliseconds: number, bucket: number): void {
    this.inFlight -= count;
    this.durations.add(milliseconds, bucket);
  }

  /** Counts one that has failed, besides its end. */
  fail(isTimeout: boolean): void {
    this.errors++;
    if (isTimeout) this.timeouts++;
  }

  /** Returns the numbers of the interval, and begins the next one. */
  take(): Traffic {
    const { begun, errors, timeouts, inFlight, durations } = this;
    const [p50, p95, p99] = durations.percentiles([0.5, 0.95, 0.99]);
    const { max } = durations;
    const numbers = { ...begun, errors, timeouts, inFlight, p50, p95, p99, max };
    Object.assign(begun, { calls: 0, casts: 0, notifications: 0 });
    this.errors = 0;
    this.timeouts = 0;
    durations.clear();
    return numbers;
  }
}
