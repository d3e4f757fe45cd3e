import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import type { NextAttempt } from './connection-state.js';

/** Share of the delay between attempts that is random. */
const JITTER = 0.75;

/**
 * Longest time before a lost connection is made again, in milliseconds. It is random: all clients of a broker or of a proxy
 * lose their connections in the same moment, and more logins at a time than the listener's backlog take a second longer.
 */
const LOSS_SPREAD_MS = 250;

/** Random delays before a connection is made again. */
export class ReconnectDelays {
  private readonly backoff: Backoff;
  private readonly afterLoss: Backoff;

  constructor({ retryInterval, retryBackoff: step, intervalMax: cap, reconnectSplay }: RabbitSettings) {
    this.backoff = { first: retryInterval, growth: { step }, cap, jitter: JITTER };
    const spread = Math.max(LOSS_SPREAD_MS, reconnectSplay);
    this.afterLoss = { first: spread, growth: { step: 0 }, cap: spread, jitter: 1 };
  }

  /** Returns the milliseconds before an attempt. */
  before(attempt: Exclude<NextAttempt, 'on demand'>): number {
    return attempt === 'soon' ? backoffDelay(this.afterLoss, 0) : backoffDelay(this.backoff, attempt.repetition);
  }
}
