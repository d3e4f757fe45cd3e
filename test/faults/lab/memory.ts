/** Of one process, in order of time. */
export interface MemorySample {
  /** Seconds. */
  readonly at: number;
  readonly bytes: number;
}

const MIB = 2 ** 20;

/** What memory may become of what it was after the warm-up. */
const GROWTH = 1.2;

export function hasGrown(before: number, after: number): boolean {
  return after > before * GROWTH;
}

export const inMib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Bytes a second, by least squares; 0 where there is too little to say. */
export function slopeOf(samples: readonly MemorySample[]): number {
  if (samples.length < 3) return 0;
  const mean = (of: (sample: MemorySample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const at = mean((one) => one.at);
  const bytes = mean((one) => one.bytes);
  const variance = mean((one) => (one.at - at) ** 2);
  return variance === 0 ? 0 : mean((one) => (one.at - at) * (one.bytes - bytes)) / variance;
}
