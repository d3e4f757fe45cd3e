import type { Channel, ChannelModel } from 'amqplib';

/**
 * Returns the major version of RabbitMQ plus a hundredth of the minor one: 4.03 for 4.3. 0 where the broker does not
 * report it, or is another product.
 */
export function brokerVersion({ connection }: Channel | ChannelModel): number {
  const { serverProperties: { product, version } = {} } = connection as {
    serverProperties?: { product?: unknown; version?: unknown };
  };
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(product === 'RabbitMQ' ? String(version) : '') ?? [];
  return Number(major ?? 0) + Number(minor ?? 0) / 100;
}
