import { toError } from '../core/errors.js';
import { oneLine } from '../core/logger.js';
import type { Settings } from '../core/options.js';
import type { Delivery } from './delivery.js';

/** Keeps a message that cannot be processed for whoever looks into it; rejects when it cannot. */
export type SetAside = (delivery: Delivery, reason: string, deliveries: number) => Promise<void>;

/** What becomes of messages that cannot be processed, or come back again and again. */
export class DeadLetters {
  /** Deliveries after which a message is given up: ahead of the broker, which would drop it at its own limit. */
  readonly limit: number;

  constructor(
    private readonly settings: Settings,
    private readonly kind: 'request' | 'notification',
    private readonly setAside: SetAside,
  ) {
    const { limits, rabbit } = settings;
    this.limit = Math.min(limits.deliveries, rabbit.deliveryLimit || Number.POSITIVE_INFINITY);
  }

  /**
   * Sets it aside, and says so. False when that failed, so that it has to be delivered again.
   * @param deliveries as far as they are known
   */
  async take(delivery: Delivery, reason: string, deliveries = delivery.returns + 1): Promise<boolean> {
    const { counters, logger } = this.settings;
    const why = oneLine(reason, 300);
    try {
      await this.setAside(delivery, why, deliveries);
      counters.count('setAside');
      logger.error(`Set aside a ${this.kind} from ${delivery.queue}: ${why}`);
      return true;
    } catch (error) {
      logger.warn(`Could not set aside a ${this.kind} from ${delivery.queue}: ${oneLine(toError(error).message)}`);
      return false;
    }
  }
}
