import { type Channel, type ChannelModel, connect } from 'amqplib';
import { amqpUrl } from '../../testkit/amqp.js';

/** A message as the broker delivers it: the properties that are set, and the bytes. */
export interface TappedMessage {
  routingKey: string;
  properties: Record<string, unknown>;
  body: Buffer;
}

/** Gets a copy of what is published to an exchange, besides whoever else is bound there. */
export class MessageTap {
  readonly messages: TappedMessage[] = [];

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
  ) {}

  /** @param keys routing keys; the exchange must exist */
  static async open(url: string, exchange: string, keys: readonly string[]): Promise<MessageTap> {
    const connection = await connect(amqpUrl(url));
    const tap = new MessageTap(connection, await connection.createChannel());
    const { queue } = await tap.channel.assertQueue('', { exclusive: true, durable: false });
    for (const key of keys) await tap.channel.bindQueue(queue, exchange, key);
    await tap.channel.consume(
      queue,
      (message) => {
        if (!message) return;
        const properties = Object.entries(message.properties).filter(([, value]) => value !== undefined);
        tap.messages.push({
          routingKey: message.fields.routingKey,
          properties: Object.fromEntries(properties),
          body: message.content,
        });
      },
      { noAck: true },
    );
    return tap;
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
