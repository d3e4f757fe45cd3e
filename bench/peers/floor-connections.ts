import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { amqpUrl } from '../../test/support/amqp.js';

export interface FloorConnections {
  publishing: ConfirmChannel;
  consuming: Channel;
  close(): Promise<void>;
}

/** Two connections, since the broker blocks the publishing ones under an alarm and consumers must go on. */
export async function openFloorConnections(url: string): Promise<FloorConnections> {
  const [publisher, consumer] = await Promise.all([openFloorConnection(url), openFloorConnection(url)]);
  return {
    publishing: await publisher.createConfirmChannel(),
    consuming: await consumer.createChannel(),
    close: async () => {
      await Promise.all([publisher.close(), consumer.close()]);
    },
  };
}

export function openFloorConnection(url: string): Promise<ChannelModel> {
  // With Nagle's algorithm an acknowledgement followed by a publish would wait 40 ms for the peer's.
  return connect(amqpUrl(url), { noDelay: true });
}
