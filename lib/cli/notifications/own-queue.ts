import type { Channel, ChannelModel, ConsumeMessage, Options } from 'amqplib';
import { ledgerDeclarations, ledgerQueues } from '../../inspect/index.js';
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
import { DroppedCount } from './dropped-count.js';
import type { NotificationSource, SourcePlan } from './notification-source.js';

/** Number of notifications that wait in the queue for a slow reader. The broker drops older ones. */
const MAX_WAITING = 10_000;
/** Number of notifications on their way to this process. */
const PREFETCH = 200;
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;

/**
 * Copies of notifications in a queue of its own, bound to the exchange with the routing keys of the topics. The queue goes with
 * the connection. It takes nothing from other queues, and declares nothing else.
 */
export class OwnQueue implements NotificationSource {
  private readonly connection: RabbitConnection;
  private readonly settings;
  private readonly dropped = new DroppedCount((line) => this.plan.note(line));
  /** False where the user may not publish to a queue, as the broker does with dropped messages. */
  private canCount = true;
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
      this.plan.note('Connected again. What waited or was sent meanwhile is not shown');
      this.attach(again).catch((error: unknown) => this.fail(toError(error)));
    });
    this.connection.onStatus((status) => {
      if (status === 'disconnected') this.plan.note('Lost the connection; trying again');
    });
  }

  close(): Promise<void> {
    this.dropped.flush();
    return this.connection.close();
  }

  private async attach(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    let isAttached = false;
    channel.on('error', (error: Error) => {
      // Before, the reason comes with what has failed.
      if (isAttached) this.lost(model, error);
    });
    const { exchange } = this.plan;
    try {
      await channel.checkExchange(exchange);
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw unusable(error);
      throw new MessageUndeliverable(
        `There is no exchange "${exchange}" at the broker, so nobody has sent a notification by it: check --exchange`,
        { cause: error },
      );
    }
    try {
      await this.consume(model, channel);
      isAttached = true;
    } catch (error) {
      if (codeOf(error) !== ACCESS_REFUSED || !this.canCount) throw unusable(error);
      this.canCount = false;
      this.plan.note('Dropped notifications cannot be counted: that needs the permission to write on amq.default');
      await this.attach(model);
    }
  }

  private async consume(model: ChannelModel, channel: Channel): Promise<void> {
    const { exchange, topics, priorities } = this.plan;
    const queues = ledgerQueues(`oslo-rpc-listen-${newId()}`);
    const declarations = ledgerDeclarations(queues, { messages: MAX_WAITING }).filter(
      ([name]) => this.canCount || name === queues.messages,
    );
    for (const [name, options] of declarations)
      await channel.assertQueue(name, this.canCount ? options : withoutDeadLetters(options));
    for (const topic of topics)
      for (const priority of priorities) await channel.bindQueue(queues.messages, exchange, `${topic}.${priority}`);
    await channel.prefetch(PREFETCH);
    const take = (message: ConsumeMessage | null) => this.take(model, channel, message);
    await channel.consume(
      queues.messages,
      (message) => void take(message).catch((error: unknown) => this.lost(model, toError(error))),
      { exclusive: true },
    );
    if (!this.canCount) return;
    const noAck = { exclusive: true, noAck: true };
    await channel.consume(queues.dropped, (message) => message && this.dropped.add(), noAck);
    await channel.consume(queues.mark, (message) => message && this.dropped.addUnknown(), noAck);
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

function withoutDeadLetters({ arguments: args, ...options }: Options.AssertQueue): Options.AssertQueue {
  const kept = Object.entries(args as object).filter(([name]) => !name.startsWith('x-dead-letter-'));
  return { ...options, arguments: Object.fromEntries(kept) };
}

function codeOf(error: unknown): unknown {
  return Reflect.get(toError(error), 'code');
}

function unusable(error: unknown): Error {
  return new MessageDeliveryFailure(`The broker refuses the queue for listening: ${toError(error).message}`, {
    cause: error,
  });
}
