import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import {
  Counters,
  Deadline,
  ManagementApi,
  MessageDeliveryFailure,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  RabbitConnection,
  toError,
} from '../../internal.js';
import { CheckFailure } from './expectation.js';

/** State of a queue at the broker. */
export interface QueueState {
  consumers: number;
}

/** Time after which the broker deletes an unused queue of the kit, in milliseconds. */
const QUEUE_EXPIRES_MS = 60_000;

/** Reply codes that close only a channel: content too large, access refused, not found, locked, precondition failed. */
const CHANNEL_ERRORS: ReadonlySet<unknown> = new Set([311, 403, 404, 405, 406]);

/** Connection over bare AMQP. The publishers, consumers and codecs of the library take no part. */
export class Wire {
  private returned = false;
  private last: Promise<unknown> = Promise.resolve();
  private publishing: ConfirmChannel | undefined;
  /** Error by which the broker closed the publishing channel. */
  private refusal: Error | undefined;

  private constructor(
    private readonly connection: RabbitConnection,
    private readonly model: ChannelModel,
    /** Channel for consuming, because a refused publish closes its own channel. */
    private readonly consuming: Channel,
    /** Maximum wait for each answer of the broker, in milliseconds. */
    private readonly timeoutMs: number,
    private readonly management: ManagementApi | undefined,
  ) {
    consuming.on('error', () => undefined);
  }

  /** Connects to the broker. @throws MessageDeliveryFailure when it cannot be reached */
  static async open(options: OsloMessagingOptions): Promise<Wire> {
    const settings = normalizeOptions(options);
    const timeout = settings.rpcResponseTimeout;
    const url = parseTransportUrl(settings.transportUrl.expose());
    const { managementUrl } = settings.rabbit;
    const management = managementUrl && new ManagementApi(managementUrl, url, settings);
    const connection = new RabbitConnection(url, { settings, counters: new Counters() }, 'conformance');
    try {
      const model = await connection.acquire(Deadline.after(timeout), 0);
      return new Wire(connection, model, await within(timeout, () => model.createChannel()), timeout, management);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /**
   * Publishes a message, one at a time, so that a returned message is the last one. Returns true when a queue accepted it.
   * @throws CheckFailure when the broker refuses it, MessageDeliveryFailure when the connection is lost
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
    const channel = await this.publishingChannel();
    this.returned = false;
    this.refusal = undefined;
    try {
      await this.ask(
        () =>
          new Promise<void>((resolve, reject) => {
            channel.publish(exchange, key, Buffer.from(body), properties, (error: Error | null) =>
              error ? reject(error) : resolve(),
            );
          }),
      );
    } catch (error) {
      throw this.refusal ? refused(`a message to the exchange "${exchange}"`, this.refusal) : error;
    }
    return !this.returned;
  }

  /** Returns the channel for publishing: a new one after the broker closed the last one. */
  private async publishingChannel(): Promise<ConfirmChannel> {
    if (this.publishing) return this.publishing;
    const channel = await this.ask(() => this.model.createConfirmChannel());
    channel.on('error', (error) => {
      if (isChannelError(error)) this.refusal = error;
    });
    channel.on('close', () => {
      this.publishing = undefined;
    });
    channel.on('return', () => {
      this.returned = true;
    });
    this.publishing = channel;
    return channel;
  }

  /**
   * Declares a queue as callers declare their reply queue, and consumes from it. It is durable, for brokers that deny
   * transient queues.
   */
  async consume(queue: string, onMessage: (message: ConsumeMessage) => void): Promise<void> {
    const options = {
      durable: true,
      autoDelete: false,
      exclusive: false,
      arguments: { 'x-expires': QUEUE_EXPIRES_MS },
    };
    await this.ask(() => this.consuming.assertQueue(queue, options));
    await this.ask(() => this.consuming.consume(queue, (message) => message && onMessage(message), { noAck: true }));
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.ask(() => this.consuming.deleteQueue(queue));
  }

  /**
   * Returns the state of a queue; undefined when it does not exist.
   * @throws CheckFailure when the broker refuses the request
   */
  async queue(name: string): Promise<QueueState | undefined> {
    const state = await this.passively(`the queue "${name}"`, (channel) => channel.checkQueue(name));
    return state && { consumers: state.consumerCount };
  }

  async hasExchange(name: string): Promise<boolean> {
    return (await this.passively(`the exchange "${name}"`, (channel) => channel.checkExchange(name))) !== undefined;
  }

  /**
   * Returns the numbers of unacknowledged and of all published messages of a queue; undefined without a management API.
   */
  async unacknowledged(queue: string): Promise<{ unacknowledged: number; published: number } | undefined> {
    try {
      return await this.management?.unacknowledged(queue);
    } catch (cause) {
      throw new CheckFailure(toError(cause).message);
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Declares passively, on a new channel, because the broker closes the channel when the resource does not exist. */
  private async passively<T>(what: string, check: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    const channel = await this.ask(() => this.model.createChannel());
    channel.on('error', () => undefined);
    try {
      const state = await this.ask(() => check(channel));
      await this.ask(() => channel.close());
      return state;
    } catch (error) {
      const { cause } = toError(error);
      if (!isChannelError(cause)) throw error;
      if (Reflect.get(cause, 'code') === 404) return undefined;
      throw refused(`access to ${what}`, cause);
    }
  }

  private ask<T>(question: () => Promise<T>): Promise<T> {
    return within(this.timeoutMs, question);
  }
}

/** Returns true when the broker closed a channel because of a request, and the connection is still open. */
function isChannelError(error: unknown): error is Error {
  return error instanceof Error && CHANNEL_ERRORS.has(Reflect.get(error, 'code'));
}

function refused(what: string, { message }: Error): CheckFailure {
  return new CheckFailure(`the broker refuses ${what}: ${message}`);
}

/**
 * Waits for an answer of the broker.
 * @throws MessageDeliveryFailure when it refuses, does not answer in time, or is unreachable
 */
async function within<T>(milliseconds: number, question: () => Promise<T>): Promise<T> {
  try {
    return await Deadline.after(milliseconds).race(question(), () => new Error(`no answer within ${milliseconds} ms`));
  } catch (cause) {
    throw new MessageDeliveryFailure(`The broker did not answer: ${toError(cause).message}`, { cause });
  }
}
