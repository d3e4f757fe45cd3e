import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { failureName } from '../../core/failure.js';
import type { MethodEntry } from '../method-table.js';

/** Number of error classes that are counted apart, for each method. Others are counted as {@link OTHER}. */
const MAX_CLASSES = 20;
/** Name under which further error classes are counted, as in metrics. */
const OTHER = '_OTHER';
/** Maximum length of the name of an error class, in characters. */
const MAX_NAME = 100;
/** Range of the durations that are told apart, in microseconds: to one hour. */
const DURATIONS = { lowest: 1, highest: 3_600_000_000, figures: 1 };

/** Durations of the handled requests of a method, in seconds; percentiles to about 6 %. */
export interface DurationStats {
  /** Mean. */
  readonly mean: number;
  /** Median. */
  readonly p50: number;
  /** 95th percentile. */
  readonly p95: number;
  /** 99th percentile. */
  readonly p99: number;
  /** Longest duration. */
  readonly max: number;
}

/** Counts by the class names of errors. */
export type ErrorCounts = Readonly<Record<string, number>>;

/** Counts of error classes, bounded. */
class Errors {
  private readonly counts = new Map<string, number>();

  add(error: unknown): void {
    const name = failureName(error).slice(0, MAX_NAME);
    const kept = this.counts.has(name) || this.counts.size < MAX_CLASSES ? name : OTHER;
    this.counts.set(kept, (this.counts.get(kept) ?? 0) + 1);
  }

  read(): ErrorCounts {
    return Object.fromEntries(this.counts);
  }
}

/** Counts and durations of one method. Its memory is constant. */
class MethodStatistics {
  private readonly histogram: RecordableHistogram = createHistogram(DURATIONS);
  private readonly errors = new Errors();
  private calls = 0;
  private total = 0;
  private longest = 0;

  add(milliseconds: number): void {
    this.calls++;
    this.total += milliseconds;
    this.longest = Math.max(this.longest, milliseconds);
    this.histogram.record(Math.min(Math.max(1, Math.round(milliseconds * 1000)), DURATIONS.highest));
  }

  addError(error: unknown): void {
    this.errors.add(error);
  }

  read(): MethodCounts {
    // A percentile is the upper end of its bucket, which can be beyond the longest duration.
    const percentile = (rank: number) => Math.min(this.histogram.percentile(rank) / 1e6, this.longest / 1000);
    return {
      calls: this.calls,
      errors: this.errors.read(),
      duration: {
        mean: this.total / this.calls / 1000,
        p50: percentile(50),
        p95: percentile(95),
        p99: percentile(99),
        max: this.longest / 1000,
      },
    };
  }
}

/** Counts of a method since the start of its server. */
export interface MethodCounts {
  /** Number of handled requests: calls and casts, failed ones included. */
  readonly calls: number;
  /** Number of failed ones by the class of the error, as callers see it. */
  readonly errors: ErrorCounts;
  /** Durations of its handler; null before the first request. */
  readonly duration: DurationStats | null;
}

const NONE: MethodCounts = { calls: 0, errors: {}, duration: null };

/** Statistics of the requests of one server. Nothing from the wire adds an entry. */
export class CallStatistics {
  private readonly methods = new Map<MethodEntry, MethodStatistics>();
  private readonly refusals = new Errors();
  private running = 0;

  /** Number of requests in work, without those of built-in methods: discovery does not count its own questions. */
  get used(): number {
    return this.running;
  }

  /** Counts of the requests that no method answers, by the class of the error. */
  get refused(): ErrorCounts {
    return this.refusals.read();
  }

  /** Begins a request. Returns the time for {@link handled}. */
  begin(entry: MethodEntry | undefined): number {
    if (!entry?.isBuiltIn) this.running++;
    return performance.now();
  }

  /** Ends a request: its concurrency slot is free. */
  end(entry: MethodEntry | undefined): void {
    if (!entry?.isBuiltIn) this.running--;
  }

  /** Counts a request whose handler has returned or thrown. @param since returned by {@link begin} */
  handled(entry: MethodEntry, since: number): MethodStatistics | undefined {
    if (entry.isBuiltIn) return undefined;
    let statistics = this.methods.get(entry);
    if (statistics === undefined) {
      statistics = new MethodStatistics();
      this.methods.set(entry, statistics);
    }
    statistics.add(performance.now() - since);
    return statistics;
  }

  /** Counts a failed request. @param entry undefined where no method answers it */
  failed(entry: MethodEntry | undefined, since: number, error: unknown): void {
    if (entry === undefined) this.refusals.add(error);
    else this.handled(entry, since)?.addError(error);
  }

  /** Returns the counts of a method. */
  read(entry: MethodEntry): MethodCounts {
    return this.methods.get(entry)?.read() ?? NONE;
  }
}
