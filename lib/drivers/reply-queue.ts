import { newId } from '../core/id.js';

/** Prefix of the names of reply queues, as in oslo.messaging. */
export const REPLY_QUEUE_PREFIX = 'reply_';

/** Names that replies are sent to by default. Any other name could be the queue of another service. */
const REPLY_QUEUE = new RegExp(`^${REPLY_QUEUE_PREFIX}[\\w.:@-]{1,240}$`);

/** Maximum length of an AMQP name, in bytes. */
const MAX_NAME_BYTES = 255;

/** Last name that matched. Most requests of a server come from few callers, and matching costs more than comparing. */
let lastMatch: string | undefined;

/** Returns a random name for a reply queue. */
export function newReplyQueueName(): string {
  return `${REPLY_QUEUE_PREFIX}${newId()}`;
}

/**
 * Returns true when replies may be sent to the queue.
 * @param any true to allow any valid queue name (option `anyReplyQueue`)
 */
export function isReplyQueue(name: string, any: boolean): boolean {
  if (name === lastMatch) return true;
  if (REPLY_QUEUE.test(name)) {
    lastMatch = name;
    return true;
  }
  return any && name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}
