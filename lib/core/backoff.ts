/** Rule for the delay before an attempt is repeated. All times are in milliseconds. */
export interface Backoff {
  /** Delay before the first repetition, without jitter. */
  readonly first: number;
  /** Growth with each further repetition: twice the delay before it, or a constant step. */
  readonly growth: 'doubling' | { readonly step: number };
  /** Upper bound of every delay. */
  readonly cap: number;
  /**
   * Random share of the delay, from 0 (exact) to 1 (anything between 0 and the delay).
   * @default 0
   */
  readonly jitter?: number;
}

/** More doublings give no other result, and 2 ** 1024 is Infinity, which times 0 is not a number. */
const MAX_DOUBLINGS = 1000;

/**
 * Returns the delay before a repetition, in milliseconds.
 * @param repetition number of repetitions before this one: 0 for the first; a negative number counts as 0
 * @param random source of jitter, from 0 to 1
 */
export function backoffDelay(
  { first, growth, cap, jitter = 0 }: Backoff,
  repetition: number,
  random: () => number = Math.random,
): number {
  const times = Math.max(0, repetition);
  const grown = growth === 'doubling' ? first * 2 ** Math.min(times, MAX_DOUBLINGS) : first + growth.step * times;
  const delay = Math.min(cap, grown);
  return jitter === 0 ? delay : delay * (1 - jitter + jitter * random());
}
