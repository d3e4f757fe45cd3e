import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';

export const TOPIC = 'shop_events';

/** Options that the publisher and the listener have in common. */
export const messaging: OsloMessagingOptions = {
  controlExchange: 'shop_events',
  notificationTopics: [TOPIC],
  rabbit: { amqpDurableQueues: true }, // the queues outlive a restart of the broker
};
