import type { MethodStatsView } from '../protocol.js';
import { LatencyBuckets } from './latency-buckets.js';

/** Maximum number of methods that are counted. Further ones are counted in the totals alone. */
const MAX_METHODS = 1000;

/** Method as it was called. */
export interface CountedMethod {
  readonly direction: 'in' | 'out' | 'seen';
  readonly exchange: string;
  readonly topic: string;
  readonly namespace: string | null;
  readonly version: string | null;
  readonly method: string;
}

/** Counts and durations of a method since the start. Its memory is constant. */
export class MethodCounts {
  private readonly durations = new LatencyBuckets();
  private count = 0;
  private errors = 0;

  constructor(readonly of: CountedMethod) {}

  /** Counts one that has ended. @param bucket bucket of the duration */
  end(milliseconds: number, bucket: number, isFailed: boolean): void {
    this.count++;
    if (isFailed) this.errors++;
    this.durations.add(milliseconds, bucket);
  }

  /** Returns the counts; null before the first. */
  view(): MethodStatsView | null {
    const { count, errors } = this;
    if (count === 0) return null;
    const [p50, p95, p99] = this.durations.percentiles([0.5, 0.95, 0.99]);
    return { count, errors, p50, p95, p99 };
  }
}

/** Counts of all methods. */
export class MethodStatistics {
  private readonly byName = new Map<string, MethodCounts>();
  private readonly byOwner = new WeakMap<object, Map<string, MethodCounts>>();

  /** Returns the counts of a method, if they were asked for with the same owner before: a fast way to them. */
  known(owner: object, method: string): MethodCounts | undefined {
    return this.byOwner.get(owner)?.get(method);
  }

  /** Returns the counts of a method; undefined where there are too many. @param owner object that is the same for the same method */
  of(owner: object, counted: CountedMethod): MethodCounts | undefined {
    const { direction, exchange, topic, namespace, version, method } = counted;
    const name = `${direction}\0${exchange}\0${topic}\0${namespace ?? '\0'}\0${version ?? '\0'}\0${method}`;
    let counts = this.byName.get(name);
    if (counts === undefined) {
      if (this.byName.size >= MAX_METHODS) return undefined;
      counts = new MethodCounts(counted);
      this.byName.set(name, counts);
    }
    const methods = this.byOwner.get(owner);
    if (methods === undefined) this.byOwner.set(owner, new Map([[method, counts]]));
    else methods.set(method, counts);
    return counts;
  }

  /** Returns the counts of all methods. */
  all(): IterableIterator<MethodCounts> {
    return this.byName.values();
  }
}
