import { topicOfQueue } from '../core/notification.js';
import type { IncomingNotification } from '../drivers/driver.js';
import type { HandledNotification } from '../messaging/current-request.js';

/** Returns the fields of a notification for log lines. */
export function handledOf({
  notification: { priority, eventType, messageId },
  queue,
}: Pick<IncomingNotification, 'notification' | 'queue'>): HandledNotification {
  return { topic: topicOfQueue(queue, priority), eventType, messageId };
}

/** Returns the fields that notifications have in common; undefined without a notification. */
export function inCommon(all: readonly HandledNotification[]): HandledNotification | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const common = (field: keyof HandledNotification) =>
    all.every((one) => one[field] === first[field]) ? first[field] : null;
  return { topic: common('topic'), eventType: common('eventType'), messageId: common('messageId') };
}
