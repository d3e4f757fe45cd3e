/** Buckets for each doubling of a duration: a percentile is right to about 5 %. */
const PER_OCTAVE = 8;
/** Buckets from 1 µs to more than an hour. */
const COUNT = 32 * PER_OCTAVE;

/** Returns the bucket of a duration in milliseconds. */
export function bucketOf(milliseconds: number): number {
  const microseconds = milliseconds * 1000;
  if (!(microseconds > 1)) return 0;
  return Math.min(COUNT - 1, Math.floor(Math.log2(microseconds) * PER_OCTAVE));
}

/** Durations, counted in buckets of constant memory. */
export class LatencyBuckets {
  private readonly counts = new Uint32Array(COUNT);
  private total = 0;
  private longest = 0;

  /** Counts a duration. @param bucket result of {@link bucketOf}, which several share */
  add(milliseconds: number, bucket: number): void {
    // A typed array is never read out of its bounds here.
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total++;
    if (milliseconds > this.longest) this.longest = milliseconds;
  }

  /** Longest duration in milliseconds; null without any. */
  get max(): number | null {
    return this.total === 0 ? null : rounded(this.longest);
  }

  /** Returns percentiles in milliseconds; null without durations. @param ranks in ascending order, from 0 to 1 */
  percentiles<const Ranks extends readonly number[]>(ranks: Ranks): { [Index in keyof Ranks]: number | null } {
    let [index, below] = [-1, 0];
    const values = ranks.map((rank) => {
      if (this.total === 0) return null;
      const wanted = Math.ceil(rank * this.total);
      while (below < wanted && index < COUNT - 1) below += this.counts[++index] ?? 0;
      return rounded(Math.min(2 ** ((index + 0.5) / PER_OCTAVE) / 1000, this.longest));
    });
    return values as { [Index in keyof Ranks]: number | null };
  }

  /** Forgets all durations. */
  clear(): void {
    if (this.total === 0) return;
    this.counts.fill(0);
    this.total = 0;
    this.longest = 0;
  }
}

/** Returns milliseconds with three significant digits. */
function rounded(milliseconds: number): number {
  return Number(milliseconds.toPrecision(3));
}
