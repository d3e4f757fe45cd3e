import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';

export const TOPIC = 'order_service';

/** Options that the service and the gateway have in common. */
export const messaging: OsloMessagingOptions = {
  controlExchange: 'shop',
  // The queue goes with the last server of the topic. A call then fails at once (503), and does not wait for its timeout.
  rabbit: { amqpDurableQueues: true, amqpAutoDelete: true },
};

/** Order in its form on the wire. */
export interface Order {
  id: number;
  item: string;
  quantity: number;
}
