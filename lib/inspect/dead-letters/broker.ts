import type { Channel, ChannelModel } from 'amqplib';
import {
  boundsIn,
  Counters,
  Deadline,
  isAbsent,
  ManagementApi,
  MessageDeliveryFailure,
  normalizeOptions,
  type OsloMessagingOptions,
  PublishingChannel,
  parseTransportUrl,
  probeBounds,
  probeType,
  type QueueBounds,
  type QueueType,
  RabbitConnection,
  ReadingChannel,
  type Settings,
  type TransportURL,
  typeIn,
  withUrlOptions,
} from '../../internal.js';

/** Message to publish to a queue. */
export interface Copy {
  readonly queue: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
  /** Encoded fields of the original headers. */
  readonly keptHeaders: Buffer | undefined;
}

/** Connections to the broker of the dead letters. They are opened on first use. */
export class DeadLetterBroker {
  readonly settings: Settings;
  readonly management: ManagementApi | undefined;
  private readonly reading: RabbitConnection;
  /** A connection of its own: a broker that blocks publishing reads nothing more, not even acknowledgements. */
  private readonly writing: RabbitConnection;
  private publishing: PublishingChannel | undefined;
  private counting: Channel | undefined;

  constructor(options: OsloMessagingOptions) {
    const given = normalizeOptions(options);
    const url: TransportURL = parseTransportUrl(given.transportUrl.expose());
    this.settings = withUrlOptions(given, url);
    const context = { settings: this.settings, counters: new Counters() };
    this.reading = new RabbitConnection(url, context, 'consuming');
    this.writing = new RabbitConnection(url, context, 'publishing');
    const { managementUrl } = this.settings.rabbit;
    this.management = managementUrl && new ManagementApi(managementUrl, url, this.settings);
  }

  /** Returns the number of messages of a queue that are ready; undefined where it does not exist. */
  async depthOf(queue: string): Promise<number | undefined> {
    return (await this.stateOf(queue))?.messages;
  }

  /** Returns the number of messages of a queue that are ready, and that of its consumers; undefined where it does not exist. */
  async stateOf(queue: string): Promise<{ messages: number; consumers: number } | undefined> {
    return this.orAbsent(async (model) => {
      this.counting ??= await this.openCounting(model);
      const { messageCount, consumerCount } = await this.counting.checkQueue(queue);
      return { messages: messageCount, consumers: consumerCount };
    });
  }

  /** Returns the bounds of a queue; undefined where it does not exist, or another connection uses it exclusively. */
  async boundsOf(queue: string): Promise<QueueBounds | undefined> {
    if (!(await this.exists(queue))) return undefined;
    const rules = await this.management?.rulesOf(queue).catch(() => undefined);
    return rules ? boundsIn(rules) : this.orAbsent((model) => probeBounds(model, queue));
  }

  /** Returns false for a queue that does not exist. One that belongs to another connection exists. */
  async exists(queue: string): Promise<boolean> {
    const found = this.orAbsent(async (model) => {
      const channel = await model.createChannel();
      channel.on('error', () => undefined);
      await channel.checkQueue(queue);
      await channel.close();
      return true;
    });
    return (await found.catch(() => true)) ?? false;
  }

  /** Returns the type of a queue that exists. */
  async typeOf(queue: string): Promise<QueueType> {
    const model = await this.connected(this.reading);
    const rules = await this.management?.rulesOf(queue).catch(() => undefined);
    return rules ? typeIn(model, rules) : this.answered(probeType(model, queue));
  }

  /** Opens a channel to read messages. */
  async openReading(): Promise<ReadingChannel> {
    return this.answered(ReadingChannel.on(await this.connected(this.reading)));
  }

  /** Publishes to a queue. Resolves with undefined when the broker has confirmed it, else with the reason why it has not. */
  async publish({ queue, body, headers, keptHeaders }: Copy): Promise<string | undefined> {
    if (!this.publishing?.usable) {
      const model = await this.connected(this.writing);
      this.publishing = await this.answered(PublishingChannel.on(model));
    }
    const channel = this.publishing;
    const message = {
      exchange: '',
      routingKey: queue,
      mandatory: true,
      headers,
      keptHeaders,
      expiration: undefined,
      body,
    };
    const outcome = await this.answered(
      new Promise<string>((resolve, reject) => {
        try {
          channel.publish(message, resolve);
        } catch (error) {
          reject(error);
        }
      }),
    );
    if (outcome === 'confirmed') return undefined;
    if (outcome === 'returned') return `the queue "${queue}" does not exist`;
    if (outcome === 'nacked') return `the queue "${queue}" refuses it: it is full, or has no leader`;
    return `the broker closed the channel: ${channel.failure?.message ?? 'the connection was lost'}`;
  }

  /** @throws MessageDeliveryFailure when the broker does not answer in time */
  answered<T>(work: Promise<T>): Promise<T> {
    const late = () => {
      const alarm = this.writing.status === 'blocked' ? ': it blocks publishing (a memory or disk alarm)' : '';
      return new MessageDeliveryFailure(`The broker did not answer in time${alarm}`);
    };
    return Deadline.after(this.settings.rpcResponseTimeout).race(work, late);
  }

  async close(): Promise<void> {
    await Promise.all([this.reading.close(), this.writing.close()]);
  }

  /** Opens the channel that counts messages. A queue that does not exist closes it. */
  private async openCounting(model: ChannelModel): Promise<Channel> {
    const channel = await model.createChannel();
    const forget = () => {
      if (this.counting === channel) this.counting = undefined;
    };
    return channel.on('error', forget).once('close', forget);
  }

  private async orAbsent<T>(ask: (model: ChannelModel) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.answered(ask(await this.connected(this.reading)));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  private connected(connection: RabbitConnection): Promise<ChannelModel> {
    return connection.acquire(Deadline.after(this.settings.rpcResponseTimeout), 0);
  }
}
