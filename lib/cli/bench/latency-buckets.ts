/** Upper bounds within a decade. */
const STEPS = [1.5, 2, 3, 5, 7, 10];
/** Decades from 1 µs to 1 h, which is below 10^10 µs. */
const DECADES = 10;

/** Upper bounds in microseconds, ascending. */
const BOUNDS = Array.from({ length: DECADES }, (_, decade) => STEPS.map((step) => step * 10 ** decade)).flat();

/** Number of latencies in a range. */
export interface LatencyBucket {
  /** Bounds in milliseconds; the upper one is excluded. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Numbers of latencies in ranges that grow by about half, for a chart. */
export class LatencyBuckets {
  readonly #counts = new Array<number>(BOUNDS.length).fill(0);

  record(microseconds: number): void {
    const decade = Math.min(DECADES - 1, Math.max(0, Math.floor(Math.log10(microseconds))));
    let index = decade * STEPS.length;
    while (index < BOUNDS.length - 1 && microseconds >= (BOUNDS[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  /** Returns the ranges from the first to the last that is not empty. Neighbours are joined where there are more than `max`. */
  read(max: number): LatencyBucket[] {
    const first = this.#counts.findIndex((count) => count > 0);
    if (first < 0) return [];
    const last = this.#counts.findLastIndex((count) => count > 0);
    let buckets: LatencyBucket[] = [];
    for (let index = first; index <= last; index += 1)
      buckets.push({
        from: (BOUNDS[index - 1] ?? 1) / 1000,
        to: (BOUNDS[index] ?? 0) / 1000,
        count: this.#counts[index] ?? 0,
      });
    while (buckets.length > max) buckets = pairs(buckets);
    return buckets;
  }
}

function pairs(buckets: readonly LatencyBucket[]): LatencyBucket[] {
  return buckets.flatMap((bucket, index) => {
    if (index % 2 === 1) return [];
    const next = buckets[index + 1];
    return next ? [{ from: bucket.from, to: next.to, count: bucket.count + next.count }] : [bucket];
  });
}
