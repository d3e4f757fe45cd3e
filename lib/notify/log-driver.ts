import { stringifyJson } from '../core/json.js';
import { type LogSink, oneLine } from '../core/logger.js';
import type { Priority } from '../core/notification.js';
import type { Announcement, NotifierDriver } from '../core/notification-driver.js';
import { maskSecrets } from '../core/secrets.js';

/** Log levels of the priorities. Python's logger has no audit and no sample, and drops those. */
const LEVELS: Record<Priority, keyof LogSink> = {
  audit: 'log',
  debug: 'debug',
  info: 'log',
  warn: 'warn',
  error: 'error',
  critical: 'error',
  sample: 'log',
};
/** In characters. */
const MAX_LINE_LENGTH = 64 * 1024;

/** Writes notifications to the `logger` option, with secrets masked. Source: oslo_messaging.notify._impl_log. */
export class LogDriver implements NotifierDriver {
  constructor(private readonly logger: LogSink) {}

  async notify({ notification }: Announcement): Promise<void> {
    const { messageId, publisherId, eventType, priority, payload, timestamp } = notification;
    const text = stringifyJson({
      message_id: messageId,
      publisher_id: publisherId,
      event_type: eventType,
      priority: priority.toUpperCase(),
      payload: maskSecrets(payload),
      timestamp,
    });
    this.logger[LEVELS[priority]](oneLine(`oslo.messaging.notification.${eventType}: ${text}`, MAX_LINE_LENGTH));
  }
}
