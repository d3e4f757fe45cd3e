import type { ChannelModel } from 'amqplib';
import {
  Counters,
  Deadline,
  GettingChannel,
  isAbsent,
  ManagementApi,
  MessageDeliveryFailure,
  normalizeOptions,
  type OsloMessagingOptions,
  PublishingChannel,
  parseTransportUrl,
  probeType,
  type QueueType,
  RabbitConnection,
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
    return this.orAbsent(async (model) => {
      const channel = await model.createChannel();
      channel.on('error', () => undefined);
      const { messageCount } = await channel.checkQueue(queue);
      await channel.close();
      return messageCount;
    });
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

  /** Opens a channel to get messages. */
  async openGetting(): Promise<GettingChannel> {
    return this.answered(GettingChannel.on(await this.connected(this.reading)));
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
