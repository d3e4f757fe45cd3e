import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import {
  Counters,
  Deadline,
  decodeEnvelope,
  decompress,
  MessageDeliveryFailure,
  MessageUndeliverable,
  type Notification,
  newId,
  normalizeOptions,
  parseTransportUrl,
  RabbitConnection,
  readNotification,
  toError,
  withUrlOptions,
} from '../../internal.js';
import type { NotificationSource, SourcePlan } from './notification-source.js';

/** Number of notifications that wait in the queue for a slow reader. The broker drops older ones. */
const MAX_WAITING = 10_000;
/** Number of notifications on their way to this process. */
const PREFETCH = 200;

/**
 * Copies of notifications in a queue of its own, bound to the exchange with the routing keys of the topics. The queue goes with
 * the connection. It takes nothing from other queues, and declares nothing else.
 */
export class OwnQueue implements NotificationSource {
  private readonly connection: RabbitConnection;
  private readonly settings;
  /** Rejects the wait for the end. */
  private fail: (error: Error) => void = () => undefined;
  readonly failed: Promise<never> = new Promise((_, reject) => {
    this.fail = reject;
  });

  constructor(private readonly plan: SourcePlan) {
    const given = normalizeOptions(plan.options);
    const url = parseTransportUrl(given.notificationTransportUrl.expose());
    this.settings = withUrlOptions(given, url);
    this.connection = new RabbitConnection(url, { settings: this.settings, counters: new Counters() }, 'listen');
    this.failed.catch(() => undefined);
  }

  /** Connects and begins to receive. @throws MessageDeliveryFailure, MessageUndeliverable where the exchange does not exist */
  async start(): Promise<void> {
    const deadline = Deadline.after(this.settings.rpcResponseTimeout);
    const model = await this.connection.acquire(deadline, 0);
    await deadline.race(this.attach(model), () => new MessageDeliveryFailure('The broker does not answer'));
    this.connection.onConnected((again) => {
      process.stderr.write('Connected again. What was sent meanwhile is not shown\n');
      this.attach(again).catch((error: unknown) => this.fail(toError(error)));
    });
    this.connection.onStatus((status) => {
      if (status === 'disconnected') process.stderr.write('Lost the connection; trying again\n');
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async attach(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    // The reason comes with what has failed.
    channel.on('error', (error: Error) => this.lost(model, error));
    const { exchange, topics, priorities } = this.plan;
    try {
      await channel.checkExchange(exchange);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 404) throw unusable(error);
      throw new MessageUndeliverable(
        `There is no exchange "${exchange}" at the broker, so nobody has sent a notification by it: check --exchange`,
        { cause: error },
      );
    }
    const queue = `oslo-rpc-listen-${newId()}`;
    try {
      await channel.assertQueue(queue, {
        durable: false,
        autoDelete: true,
        exclusive: true,
        // The default type of the virtual host may be one that cannot be exclusive.
        arguments: { 'x-queue-type': 'classic', 'x-max-length': MAX_WAITING, 'x-overflow': 'drop-head' },
      });
      for (const topic of topics)
        for (const priority of priorities) await channel.bindQueue(queue, exchange, `${topic}.${priority}`);
      await channel.prefetch(PREFETCH);
      const take = (message: ConsumeMessage | null) => this.take(model, channel, message);
      await channel.consume(
        queue,
        (message) => void take(message).catch((error: unknown) => this.lost(model, toError(error))),
        { exclusive: true },
      );
    } catch (error) {
      throw unusable(error);
    }
  }

  private async take(model: ChannelModel, channel: Channel, message: ConsumeMessage | null): Promise<void> {
    if (!message) return this.lost(model, new Error('the queue was deleted'));
    let notification: Notification | undefined;
    try {
      notification = this.read(message);
    } catch (error) {
      this.plan.unreadable(toError(error));
    }
    if (notification && this.matches(notification)) await this.plan.receive(notification);
    // A channel that has closed meanwhile has taken the queue with it.
    if (this.connection.current === model) channel.ack(message);
  }

  private matches({ context, publisherId, eventType, payload, messageId, timestamp }: Notification): boolean {
    const metadata = { message_id: messageId, timestamp };
    return this.plan.filter?.match({ context, publisherId, eventType, payload, metadata }) ?? true;
  }

  private read({ content, properties }: ConsumeMessage): Notification {
    const { limits } = this.settings;
    const headers = (properties.headers ?? {}) as Record<string, unknown>;
    return readNotification(decodeEnvelope(decompress(content, headers['compression'], limits), limits));
  }

  /** Ends the command, unless the whole connection is lost: that comes again. */
  private lost(model: ChannelModel, error: Error): void {
    if (this.connection.current === model) this.fail(unusable(error));
  }
}

function unusable(error: unknown): Error {
  return new MessageDeliveryFailure(`The broker refuses the queue for listening: ${toError(error).message}`, {
    cause: error,
  });
}
