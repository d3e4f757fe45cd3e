import { MessageDeliveryFailure } from '../../core/errors.js';
import type { Limits } from '../../core/limits.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/settings.js';
import type { DriverContext } from '../driver-context.js';

/** Divisor of the limits: a warning is logged at a tenth of them. */
const WARNING_DIVISOR = 10;
/** Maximum number of waiting messages without a warning. */
const MAX_MESSAGES_UNWARNED = 1000;

/** Queue with a bounded length. */
export interface BoundedQueue {
  readonly name: string;
  readonly length: number;
  readonly isConsumed: boolean;
}

/** Number and size of the messages in the queues of one embedded broker, and their limits. */
export class Backlog {
  messages = 0;
  bytes = 0;
  /** Names of the queues that a warning was logged for. */
  private readonly warned = new Set<string>();

  /** Counts a message. @param sign 1 when it begins to wait, -1 when it no longer waits */
  count(bytes: number, sign: 1 | -1): void {
    this.messages += sign;
    this.bytes += sign * bytes;
  }

  /** Returns true when the queue accepts no further message. */
  isAtLimit(queue: BoundedQueue, { queuedMessages, queuedBytes }: Limits): boolean {
    return queue.length >= queuedMessages || this.bytes >= queuedBytes;
  }

  /** Returns the error of a publish to a queue at its limit, and counts it. */
  refusal(queue: BoundedQueue, { settings: { limits }, counters }: DriverContext): MessageDeliveryFailure {
    counters.count('overLimit');
    const reason =
      queue.length >= limits.queuedMessages
        ? `it holds ${queue.length} messages, which is the limit (limits.queuedMessages)`
        : `the queues of the embedded broker hold ${this.bytes} bytes; the limit is ${limits.queuedBytes} (limits.queuedBytes)`;
    return new MessageDeliveryFailure(
      `The queue "${oneLine(queue.name, 255)}" accepts no more messages: ${reason}. ${cureFor(queue)}, or raise the limit`,
    );
  }

  /** Logs a warning when a queue grows long, once until it is {@link emptied}. */
  warn(queue: BoundedQueue, { limits, logger }: Pick<Settings, 'limits' | 'logger'>): void {
    const messages = Math.min(MAX_MESSAGES_UNWARNED, Math.ceil(limits.queuedMessages / WARNING_DIVISOR));
    if (queue.length < messages && this.bytes < limits.queuedBytes / WARNING_DIVISOR) return;
    if (this.warned.has(queue.name)) return;
    this.warned.add(queue.name);
    logger.warn(
      `The queue "${oneLine(queue.name, 255)}" of the embedded broker piles up: ${queue.length} messages wait in it, ${this.bytes} bytes in all queues; further ones are refused at ${limits.queuedMessages} messages (limits.queuedMessages) or ${limits.queuedBytes} bytes (limits.queuedBytes). ${cureFor(queue)}`,
    );
  }

  /** Called when a queue has become empty. */
  emptied(name: string): void {
    if (this.warned.size > 0) this.warned.delete(name);
  }
}

function cureFor({ isConsumed }: BoundedQueue): string {
  return isConsumed
    ? 'Its consumers are too slow: add consumers, raise `concurrency`, or publish less'
    : 'It has no consumer: start one, or do not publish to it (for notifications, `notificationDriver: "noop"`)';
}
