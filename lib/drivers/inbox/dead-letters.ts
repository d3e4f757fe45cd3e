import { type Backoff, backoffDelay } from '../../core/backoff.js';
import { toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from './delivery.js';
import type { Pauses } from './pauses.js';

/** Keeps a message that cannot be processed for whoever looks into it, and resolves with the queue's name; rejects when it cannot. */
export type PublishDeadLetter = (delivery: Delivery, reason: string, deliveries: number) => Promise<string | undefined>;

/** Delay before a message is published to the dead-letter queue again. */
const RETRY_BACKOFF: Backoff = { first: 1000, growth: 'doubling', cap: 30_000 };

/** A message that is given up, and what becomes of it. */
export interface DeadLetter {
  readonly delivery: Delivery;
  readonly reason: string;
  /** As far as they are known. */
  readonly deliveries: number;
  /** Called once it is in the dead-letter queue. */
  kept(): void;
  /** Called when it is not, and nothing is tried any more. */
  stopped(): void;
}

/** What becomes of messages that cannot be processed, or come back again and again. */
export class DeadLetters {
  private readonly limit: number;

  constructor(
    private readonly context: DriverContext,
    private readonly kind: 'request' | 'notification',
    private readonly deadLetter: PublishDeadLetter,
    private readonly pauses: Pauses,
  ) {
    const { limits, rabbit } = context.settings;
    this.limit = Math.min(limits.deliveries, rabbit.deliveryLimit || Number.POSITIVE_INFINITY);
  }

  /** Deliveries after which a message is given up: ahead of the broker, which would drop it at its own limit. */
  limitOf({ maxReturns }: Delivery): number {
    return Math.min(this.limit, Math.max(1, maxReturns));
  }

  /**
   * Sets it aside, and says so. Where that fails the message is not put back, since the broker may drop it then, but held
   * and tried again, later and later. Resolves after the first try.
   */
  async take(letter: DeadLetter, failures = 0): Promise<void> {
    const { delivery, reason, deliveries } = letter;
    const { counters } = this.context;
    const { logger } = this.context.settings;
    const why = oneLine(reason, 300);
    let queue: string | undefined;
    try {
      queue = await this.deadLetter(delivery, why, deliveries);
    } catch (error) {
      logger.warn(`Could not set aside a ${this.kind} from ${delivery.queue}: ${oneLine(toError(error).message)}`);
      const again = () => void this.take(letter, failures + 1);
      this.pauses.begin(backoffDelay(RETRY_BACKOFF, failures), again, () => letter.stopped());
      return;
    }
    counters.count('setAside');
    const isUsual = queue === undefined || queue === `${delivery.queue}.dead`;
    logger.error(`Set aside a ${this.kind} from ${delivery.queue}: ${why}${isUsual ? '' : ` (in "${queue}")`}`);
    letter.kept();
  }
}
