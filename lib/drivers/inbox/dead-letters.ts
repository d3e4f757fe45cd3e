import { type Backoff, backoffDelay } from '../../core/backoff.js';
import { toError } from '../../core/errors.js';
import { type LogSubject, logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from './delivery.js';
import type { Pauses } from './pauses.js';

/**
 * Publishes a message to a dead-letter queue, with the reason and the number of deliveries. Resolves with the name of the
 * queue, or undefined when the engine has no such queue; rejects when publishing fails.
 */
export type PublishDeadLetter = (delivery: Delivery, reason: string, deliveries: number) => Promise<string | undefined>;

/** Delay before a failed publish to the dead-letter queue is repeated. */
const RETRY_BACKOFF: Backoff = { first: 1000, growth: 'doubling', cap: 30_000 };

/** Message to dead-letter. */
export interface DeadLetter {
  readonly delivery: Delivery;
  readonly reason: string;
  /** Known number of deliveries. */
  readonly deliveries: number;
  /** Message, for log lines. Absent where it cannot be read. */
  readonly subject?: LogSubject;
  /** Called when the message is in the dead-letter queue, or dropped. */
  published(): void;
  /** Called when it is not, and closing ended the retries. */
  abandoned(): void;
}

/** Dead-letters messages that cannot be processed, or were delivered too often. */
export class DeadLetters {
  private readonly limit: number;

  constructor(
    private readonly context: DriverContext,
    private readonly kind: 'request' | 'notification',
    private readonly publishOne: PublishDeadLetter,
    private readonly pauses: Pauses,
  ) {
    const { limits, rabbit } = context.settings;
    this.limit = Math.min(limits.deliveries, rabbit.deliveryLimit || Number.POSITIVE_INFINITY);
  }

  /** Returns the number of deliveries after which to dead-letter a message: before the broker drops it at its own limit. */
  limitOf({ maxReturns }: Delivery): number {
    return Math.min(this.limit, Math.max(1, maxReturns));
  }

  /**
   * Publishes the dead letter, or drops it when the engine has no dead-letter queue, and logs it. A failed publish is
   * repeated with a growing delay. The message is not requeued meanwhile, because the broker may drop it then. Resolves
   * after the first attempt.
   */
  async publish(letter: DeadLetter, failures = 0): Promise<void> {
    const { delivery, deliveries, subject = { queue: delivery.queue } } = letter;
    const { counters, settings } = this.context;
    const reason = oneLine(letter.reason, 300);
    let queue: string | undefined;
    try {
      queue = await this.publishOne(delivery, reason, deliveries);
    } catch (error) {
      const why = oneLine(toError(error).message);
      const delay = backoffDelay(RETRY_BACKOFF, failures);
      logAbout(
        settings.logger,
        'warn',
        subject,
        `Could not dead-letter a ${this.kind} from "${delivery.queue}": ${why}; trying again in ${delay / 1000} s`,
      );
      const again = () => void this.publish(letter, failures + 1);
      this.pauses.begin(delay, again, () => letter.abandoned());
      return;
    }
    counters.count('deadLettered');
    const outcome = queue === undefined ? 'Dropped' : 'Dead-lettered';
    const isUsual = queue === undefined || queue === `${delivery.queue}.dead`;
    logAbout(
      settings.logger,
      'error',
      subject,
      `${outcome} a ${this.kind} from "${delivery.queue}": ${reason}${isUsual ? '' : ` (in "${queue}")`}`,
    );
    letter.published();
  }
}
