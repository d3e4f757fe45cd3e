import { type Backoff, backoffDelay } from '../core/backoff.js';
import { type Duration, toMilliseconds } from '../core/duration.js';
import { list, natural, type Rule, spanBetween } from '../core/option-rules.js';

/** Rules for repeating requests that failed on their way. See {@link ClientOptions.retryPolicy}. */
export interface RetryPolicy {
  /** Methods that may run twice with the same outcome. Only they are repeated. */
  methods: readonly string[];
  /** Maximum number of attempts, the first included. @default 3 */
  attempts?: number | undefined;
  /** Longest pause before the second attempt, in seconds or with a unit; it doubles. Pauses are random, from 0. @default '100ms' */
  delay?: Duration | undefined;
  /** Longest pause before any attempt, in seconds or with a unit. @default 2 */
  maxDelay?: Duration | undefined;
  /** Longest time of one attempt, in seconds or with a unit. @default the time that is left to the request */
  attemptTimeout?: Duration | undefined;
  /**
   * Repetitions for each request to the target: 0.1 allows one for ten requests, after a reserve of ten. All methods, clients
   * and policies of a transport share the budget of a target. @default 0.1
   */
  budget?: number | undefined;
}

const MAX_DELAY: Duration = '1h';

/** Rule of each option. */
export const RETRY_RULES: Record<keyof RetryPolicy, Rule> = {
  methods: list,
  attempts: natural(1, 100),
  delay: spanBetween(0, MAX_DELAY),
  maxDelay: spanBetween(0, MAX_DELAY),
  attemptTimeout: spanBetween('1ms', '24h'),
  budget: (value) => (typeof value === 'number' && value >= 0 && value <= 10 ? undefined : 'a number from 0 to 10'),
};

/** Checked {@link RetryPolicy} with its defaults; durations in milliseconds. */
export class RetryRules {
  readonly attempts: number;
  readonly budget: number;
  readonly attemptTimeout: number | undefined;
  private readonly methods: ReadonlySet<string>;
  private readonly backoff: Backoff;

  constructor({ methods, attempts = 3, delay = '100ms', maxDelay = 2, attemptTimeout, budget = 0.1 }: RetryPolicy) {
    this.methods = new Set(methods);
    this.attempts = attempts;
    this.budget = budget;
    this.attemptTimeout = attemptTimeout === undefined ? undefined : toMilliseconds(attemptTimeout, 'attemptTimeout');
    const first = toMilliseconds(delay, 'delay');
    const cap = Math.max(first, toMilliseconds(maxDelay, 'maxDelay'));
    this.backoff = { first, growth: 'doubling', cap, jitter: 1 };
  }

  /** Returns true for a method that may be repeated. */
  allows(method: string): boolean {
    return this.methods.has(method);
  }

  /** Returns the milliseconds to wait before the next attempt. @param attempt number of the attempt that failed, from 1 */
  pauseAfter(attempt: number): number {
    return backoffDelay(this.backoff, attempt - 1);
  }
}
