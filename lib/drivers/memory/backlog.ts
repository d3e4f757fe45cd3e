import { MessageDeliveryFailure } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { DriverContext } from '../driver-context.js';

/** Messages that wait in one queue, or bytes in all, at which a warning is logged: this part of the limit. */
const WARNING_PART = 10;
/** Fewest waiting messages that are worth a warning, unless the limit is lower. */
const WARNING_MESSAGES = 1000;

/** A queue, as far as its length is bounded. */
export interface BoundedQueue {
  readonly name: string;
  readonly length: number;
  readonly isConsumed: boolean;
}

/** Messages that wait in the queues of one embedded broker, and what bounds them. */
export class Backlog {
  messages = 0;
  bytes = 0;
  /** Queues that a warning was logged about. */
  private readonly warned = new Set<string>();

  /** @param sign 1 for messages that begin to wait, -1 for messages that no longer wait */
  count(bytes: number, sign: 1 | -1): void {
    this.messages += sign;
    this.bytes += sign * bytes;
  }

  isAtLimit(queue: BoundedQueue, { queuedMessages, queuedBytes }: Settings['limits']): boolean {
    return queue.length >= queuedMessages || this.bytes >= queuedBytes;
  }

  /** The failure of a publish to a queue at its limit. */
  refusal(queue: BoundedQueue, { settings: { limits }, counters }: DriverContext): MessageDeliveryFailure {
    counters.count('overLimit');
    const reason =
      queue.length >= limits.queuedMessages
        ? `it holds ${queue.length} messages, which is the limit (limits.queuedMessages)`
        : `the queues of the embedded broker hold ${this.bytes} bytes; the limit is ${limits.queuedBytes} (limits.queuedBytes)`;
    return new MessageDeliveryFailure(
      `The queue ${oneLine(queue.name, 255)} accepts no more messages: ${reason}. ${cureFor(queue)}, or raise the limit`,
    );
  }

  /** Logs the first time that a queue piles up; again only after {@link emptied}. */
  warn(queue: BoundedQueue, { limits, logger }: Settings): void {
    const messages = Math.min(WARNING_MESSAGES, Math.ceil(limits.queuedMessages / WARNING_PART));
    if (queue.length < messages && this.bytes < limits.queuedBytes / WARNING_PART) return;
    if (this.warned.has(queue.name)) return;
    this.warned.add(queue.name);
    logger.warn(
      `The queue ${oneLine(queue.name, 255)} of the embedded broker piles up: ${queue.length} messages wait in it, ${this.bytes} bytes in all queues; further ones are refused at ${limits.queuedMessages} messages (limits.queuedMessages) or ${limits.queuedBytes} bytes (limits.queuedBytes). ${cureFor(queue)}`,
    );
  }

  /** Called when nothing waits in a queue any more. */
  emptied(name: string): void {
    if (this.warned.size > 0) this.warned.delete(name);
  }
}

function cureFor({ isConsumed }: BoundedQueue): string {
  return isConsumed
    ? 'Its consumers are too slow: add consumers, raise `concurrency`, or publish less'
    : 'It has no consumer: start one, or do not publish to it (for notifications, `notificationDriver: "noop"`)';
}
