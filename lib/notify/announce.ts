import type { OutgoingMessage } from '../core/instrumentation.js';
import { observeUntil } from '../core/message-observer.js';
import type { Announcement } from '../core/notification-driver.js';
import { Target } from '../core/target.js';
import type { Transport } from '../messaging/transport.js';

/** Sends a notification through the client interceptors of the transport, where it has any. */
export function announce(
  transport: Transport,
  announcement: Announcement,
  send: (announcement: Announcement) => Promise<void>,
): Promise<void> {
  const { observer, settings } = transport;
  const { topics, notification } = announcement;
  const observed = observer.current?.announcing(settings.controlExchange, topics, notification);
  const sent = announceThrough(transport, announcement, send);
  observeUntil(sent, observed);
  return sent;
}

async function announceThrough(
  { outgoing, settings, broker }: Transport,
  announcement: Announcement,
  send: (announcement: Announcement) => Promise<void>,
): Promise<void> {
  if (outgoing === undefined) return send(announcement);
  const { notification, topics, deadline } = announcement;
  const { priority, publisherId, messageId, payload, context } = notification;
  const message: OutgoingMessage = {
    kind: 'notification',
    broker,
    target: new Target({ exchange: settings.controlExchange, topic: topics.join(',') }),
    method: notification.eventType ?? '',
    args: payload,
    context,
    deadline,
    signal: undefined,
    attempt: 1,
    messageId: undefined,
    headers: undefined,
    notification: { priority, publisherId, messageId },
  };
  await outgoing(message, async (changed) => {
    const { method: eventType, args, context: keys, headers } = changed;
    return send({
      ...announcement,
      notification: { ...notification, eventType, payload: args, context: keys },
      deadline: changed.deadline,
      headers,
    });
  });
}
