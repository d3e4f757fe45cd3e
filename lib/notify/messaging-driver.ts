import { ClientSendError, MessageDeliveryFailure, toError } from '../core/errors.js';
import { newId } from '../core/id.js';
import { notificationMessage } from '../core/notification.js';
import type { Announcement, NotifierDriver } from '../core/notification-driver.js';
import type { Transport } from '../messaging/transport.js';
import { allDone } from './notifier-driver.js';

/** Publishes to `<topic>.<priority>` on the control exchange. Source: oslo_messaging.notify.messaging. */
export class MessagingDriver implements NotifierDriver {
  /** @param envelope true for format 2.0, false for 1.0 */
  constructor(
    private readonly transport: Transport,
    private readonly envelope: boolean,
  ) {}

  /** Publishes to every topic. @throws MessageDeliveryFailure unless the broker confirms all of them, ClientSendError for a payload that cannot be sent */
  notify(announcement: Announcement): Promise<void> {
    return allDone(announcement.topics.map((topic) => this.publish(topic, announcement)));
  }

  private async publish(topic: string, { notification, deadline, retry, headers }: Announcement): Promise<void> {
    const { driver, settings } = this.transport;
    const routingKey = `${topic}.${notification.priority}`;
    const uniqueId = newId();
    const message = notificationMessage(notification, uniqueId);
    const { envelope } = this;
    const outgoing = { exchange: settings.controlExchange, routingKey, message, envelope, uniqueId };
    try {
      await driver.notify(outgoing, { deadline, retry, headers });
    } catch (error) {
      if (error instanceof ClientSendError) throw error;
      throw new MessageDeliveryFailure(
        `Could not send the notification "${notification.eventType}" to "${routingKey}": ${toError(error).message}`,
        { cause: error },
      );
    }
  }
}
