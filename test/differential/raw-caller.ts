import { randomBytes } from 'node:crypto';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { amqpUrl } from '../../testkit/amqp.js';
import { isDenying } from '../../testkit/release.js';
import { eventually } from '../support/eventually.js';

/** A message as the broker delivered it. */
export interface RawMessage {
  exchange: string;
  routingKey: string;
  properties: Record<string, unknown>;
  body: Buffer;
}

export function rawMessage({ fields, properties, content }: ConsumeMessage): RawMessage {
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    properties: Object.fromEntries(given),
    body: content,
  };
}

/** A caller without a library: publishes bytes, and keeps every message that its reply queue gets. */
export class RawCaller {
  readonly replies: RawMessage[] = [];

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
    readonly replyQueue: string,
  ) {}

  static async open(url: string, replyQueue = `reply_${randomBytes(16).toString('hex')}`): Promise<RawCaller> {
    const connection = await connect(amqpUrl(url), { noDelay: true });
    const caller = new RawCaller(connection, await connection.createConfirmChannel(), replyQueue);
    await caller.channel.assertQueue(caller.replyQueue, { durable: false, exclusive: true });
    await caller.channel.consume(
      caller.replyQueue,
      (message) => {
        if (message) caller.replies.push(rawMessage(message));
      },
      { noAck: true },
    );
    return caller;
  }

  /** Binds the reply queue to an exchange, for copies of its messages. */
  async bind(exchange: string, type: 'topic' | 'fanout', key: string): Promise<void> {
    await this.channel.assertExchange(exchange, type, { durable: isDenying, autoDelete: type === 'fanout' });
    await this.channel.bindQueue(this.replyQueue, exchange, key);
  }

  /** The next message that came in, and was not taken yet. */
  next(): Promise<RawMessage> {
    return eventually(() => {
      const message = this.replies.shift();
      if (!message) throw new Error('no message came');
      return message;
    });
  }

  publish(exchange: string, routingKey: string, body: Buffer): void {
    const properties = { contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 1, headers: {} };
    this.channel.publish(exchange, routingKey, body, properties);
  }

  /** Resolves when the broker has taken all that was published. */
  flush(): Promise<void> {
    return this.channel.waitForConfirms();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
