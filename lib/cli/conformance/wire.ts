import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../core/errors.js';
import { normalizeOptions, type OsloMessagingOptions } from '../../core/options.js';
import { parseTransportUrl } from '../../core/transport-url.js';
import { RabbitConnection } from '../../drivers/rabbit/connection.js';

/** What the broker says of a queue. */
export interface QueueState {
  consumers: number;
}

/** How long a queue of ours outlives us, in milliseconds. */
const QUEUE_EXPIRES = 60_000;

/** Bare AMQP: no publisher, consumer or codec of the library takes part. */
export class Wire {
  private returned = false;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly connection: RabbitConnection,
    private readonly model: ChannelModel,
    private readonly channel: ConfirmChannel,
    /** Bounds every wait for the broker, in milliseconds. */
    private readonly patience: number,
  ) {
    channel.on('error', () => undefined);
    channel.on('return', () => {
      this.returned = true;
    });
  }

  /** @throws MessageDeliveryFailure when the broker cannot be reached */
  static async open(options: OsloMessagingOptions): Promise<Wire> {
    const settings = normalizeOptions(options);
    const patience = settings.rpcResponseTimeout;
    const connection = new RabbitConnection(parseTransportUrl(settings.transportUrl.reveal()), settings, 'conformance');
    try {
      const model = await connection.acquire(Deadline.after(patience), 0);
      return new Wire(connection, model, await within(patience, () => model.createConfirmChannel()), patience);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /**
   * Whether a queue took the message. One message at a time: what the broker returns is then the one just sent.
   * @throws MessageDeliveryFailure when the channel or the connection is gone
   */
  publish(exchange: string, key: string, body: string | Buffer, options: Options.Publish = {}): Promise<boolean> {
    const published = this.last.then(() => this.publishNow(exchange, key, body, options));
    this.last = published.catch(() => undefined);
    return published;
  }

  private async publishNow(
    exchange: string,
    key: string,
    body: string | Buffer,
    options: Options.Publish,
  ): Promise<boolean> {
    const properties = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers: {},
      mandatory: true,
      ...options,
    };
    this.returned = false;
    await this.ask(
      () =>
        new Promise<void>((resolve, reject) => {
          this.channel.publish(exchange, key, Buffer.from(body), properties, (error: Error | null) =>
            error ? reject(error) : resolve(),
          );
        }),
    );
    return !this.returned;
  }

  /** Declares a queue as a caller declares its reply queue, and reads it. */
  async consume(queue: string, onMessage: (message: ConsumeMessage) => void): Promise<void> {
    const options = { durable: false, autoDelete: false, exclusive: false, arguments: { 'x-expires': QUEUE_EXPIRES } };
    await this.ask(() => this.channel.assertQueue(queue, options));
    await this.ask(() => this.channel.consume(queue, (message) => message && onMessage(message), { noAck: true }));
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.ask(() => this.channel.deleteQueue(queue));
  }

  /** What a passive declare says, or undefined where there is no such queue. */
  async queue(name: string): Promise<QueueState | undefined> {
    const state = await this.passively((channel) => channel.checkQueue(name));
    return state && { consumers: state.consumerCount };
  }

  async hasExchange(name: string): Promise<boolean> {
    return (await this.passively((channel) => channel.checkExchange(name))) !== undefined;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** On a channel of its own, since the broker closes the one that asks for what is not there. */
  private async passively<T>(check: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    const channel = await this.ask(() => this.model.createChannel());
    channel.on('error', () => undefined);
    try {
      const state = await this.ask(() => check(channel));
      await this.ask(() => channel.close());
      return state;
    } catch (error) {
      const { cause } = toError(error);
      if (cause instanceof Error && Reflect.get(cause, 'code') === 404) return undefined;
      throw error;
    }
  }

  private ask<T>(question: () => Promise<T>): Promise<T> {
    return within(this.patience, question);
  }
}

/** @throws MessageDeliveryFailure when the broker refuses, does not answer in time, or is gone */
async function within<T>(milliseconds: number, question: () => Promise<T>): Promise<T> {
  try {
    return await Deadline.after(milliseconds).race(question(), () => new Error(`no answer within ${milliseconds} ms`));
  } catch (cause) {
    throw new MessageDeliveryFailure(`The broker does not serve us: ${toError(cause).message}`, { cause });
  }
}
