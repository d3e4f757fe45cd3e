import type { Channel, ChannelModel } from 'amqplib';
import {
  Counters,
  Deadline,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  RabbitConnection,
  withUrlOptions,
} from '../../internal.js';

/** Time for each answer of the broker, in milliseconds. */
const TIMEOUT_MS = 5000;

/** State of a queue. */
export interface QueueState {
  readonly consumers: number;
  /** Messages that wait; not those that consumers have. */
  readonly messages: number;
}

const late = () => new Error(`the broker has not answered within ${TIMEOUT_MS} ms`);
const withinTime = <T>(answer: Promise<T>): Promise<T> => Deadline.after(TIMEOUT_MS).race(answer, late);

/** Queues at the broker, over a connection of its own. It declares nothing. */
export class BrokerQueues {
  private constructor(
    private readonly connection: RabbitConnection,
    private readonly model: ChannelModel,
  ) {}

  /** Connects to the broker of RPC or of notifications. @throws MessageDeliveryFailure when it cannot be reached */
  static async open(messaging: OsloMessagingOptions, use: 'rpc' | 'notifications'): Promise<BrokerQueues> {
    const given = normalizeOptions(messaging);
    const { transportUrl, notificationTransportUrl } = given;
    const url = parseTransportUrl((use === 'rpc' ? transportUrl : notificationTransportUrl).expose());
    const context = { settings: withUrlOptions(given, url), counters: new Counters() };
    const connection = new RabbitConnection(url, context, 'queues');
    try {
      return new BrokerQueues(connection, await connection.acquire(Deadline.after(TIMEOUT_MS), 0));
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Returns the state of a queue; zeros where there is none; undefined where the broker does not say. */
  async state(queue: string): Promise<QueueState | undefined> {
    try {
      // The broker closes the channel where there is no such queue.
      return await this.onChannel(async (channel) => {
        const { consumerCount: consumers, messageCount: messages } = await withinTime(channel.checkQueue(queue));
        return { consumers, messages };
      });
    } catch (error) {
      return error instanceof Error && Reflect.get(error, 'code') === 404 ? { consumers: 0, messages: 0 } : undefined;
    }
  }

  /** Deletes queues and an exchange. What cannot be deleted stays. */
  async delete(queues: readonly string[], exchange: string | undefined): Promise<void> {
    const deleting = this.onChannel(async (channel) => {
      for (const queue of queues) await withinTime(channel.deleteQueue(queue));
      if (exchange !== undefined) await withinTime(channel.deleteExchange(exchange));
    });
    // The load is done, and has its result.
    await deleting.catch(() => undefined);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async onChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await withinTime(this.model.createChannel());
    channel.on('error', () => undefined);
    const result = await work(channel);
    await withinTime(channel.close());
    return result;
  }
}
