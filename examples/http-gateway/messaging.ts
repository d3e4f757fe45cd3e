import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';

/** Options that the service and the gateway have in common. */
export const messaging: OsloMessagingOptions = {
  controlExchange: 'shop',
  // The queue goes with the last server of the topic. A call then fails at once (503), and does not wait for its timeout.
  rabbit: { amqpDurableQueues: true, amqpAutoDelete: true },
};
