import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingException, toError } from '../../core/errors.js';
import { decodeEnvelope, readReplyAddress } from '../../core/message.js';
import type { Settings } from '../../core/options.js';
import type { RabbitConnection } from './connection.js';
import {
  type Adopted,
  DeclareConflict,
  declareExchange,
  declareQueue,
  type ExchangeSpec,
  type QueueSpec,
} from './topology.js';

/** One message to publish. */
export interface Publication {
  readonly exchange: ExchangeSpec | undefined;
  /** Declared and bound first, so that the message has a place to stay. */
  readonly queue?: QueueSpec;
  /** Declare the queue even if it was declared before. */
  readonly redeclare?: boolean;
  readonly routingKey: string;
  readonly body: Buffer;
  /** Milliseconds, whole. */
  readonly expiration?: number | undefined;
  /** Given for a message that must reach a queue: its `_unique_id`, by which a returned one is recognised. */
  readonly mandatoryId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly declared: Set<string>;
}

/** Publishes with confirms, declaring what it publishes to once for each channel. */
export class Publisher {
  private open: Promise<OpenChannel> | undefined;
  private ready: OpenChannel | undefined;
  private readonly adopted: Adopted = new Set();
  private readonly returned = new Map<string, boolean>();

  constructor(
    private readonly connection: RabbitConnection,
    private readonly settings: Settings,
  ) {}

  /**
   * Resolves when the broker has confirmed the message.
   * @throws MessageUndeliverable, MessageDeliveryFailure
   */
  async publish(publication: Publication, deadline: Deadline, retry?: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const open = this.ready ?? (await this.acquire(deadline, retry));
      try {
        await this.declare(open, publication);
        return await this.send(open.channel, publication);
      } catch (error) {
        // Somebody deleted the queue that was declared here: it is declared again.
        if (error instanceof MessageUndeliverable && publication.queue && !deadline.expired) {
          open.declared.delete(`queue ${publication.queue.name}`);
          continue;
        }
        if (error instanceof MessagingException) throw error;
        if (error instanceof DeclareConflict) {
          this.adopted.add(error.thing);
          this.settings.logger.warn(`${error.message}; it is used as it is`);
        } else if (deadline.expired || (retry !== undefined && retry >= 0 && attempt >= retry)) {
          throw new MessageDeliveryFailure(`The broker did not take the message: ${toError(error).message}`, {
            cause: error,
          });
        }
        if (this.ready === open) this.forget(open);
      }
    }
  }

  private async acquire(deadline: Deadline, retry: number | undefined): Promise<OpenChannel> {
    const model = await this.connection.acquire(deadline, retry);
    this.open ??= this.openChannel(model).finally(() => {
      this.open = undefined;
    });
    return this.open;
  }

  private async openChannel(model: ChannelModel): Promise<OpenChannel> {
    try {
      const channel = await model.createConfirmChannel();
      const open = { channel, declared: new Set<string>() };
      channel.on('error', () => undefined);
      channel.on('close', () => this.forget(open));
      channel.on('return', (message) => this.onReturn(message));
      this.ready = open;
      return open;
    } catch (cause) {
      throw new MessageDeliveryFailure('No channel to publish on', { cause });
    }
  }

  private forget(open: OpenChannel): void {
    if (this.ready === open) this.ready = undefined;
  }

  private async declare(
    { channel, declared }: OpenChannel,
    { exchange, queue, redeclare }: Publication,
  ): Promise<void> {
    if (queue && (redeclare || !declared.has(`queue ${queue.name}`))) {
      await declareQueue(channel, queue, this.adopted);
      declared.add(`queue ${queue.name}`);
    }
    if (exchange && !declared.has(exchange.name)) {
      await declareExchange(channel, exchange, this.adopted);
      // An auto-delete exchange may go with its last queue; then the publish closes this channel, and it is made again.
      declared.add(exchange.name);
    }
  }

  private send(
    channel: ConfirmChannel,
    { exchange, routingKey, body, expiration, mandatoryId, headers = {} }: Publication,
  ): Promise<void> {
    const options: Options.Publish = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers,
      mandatory: mandatoryId !== undefined,
      ...(expiration !== undefined && { expiration: String(expiration) }),
    };
    return new Promise((resolve, reject) => {
      if (mandatoryId !== undefined) this.returned.set(mandatoryId, false);
      channel.publish(exchange?.name ?? '', routingKey, body, options, (error: Error | null) => {
        const undeliverable = mandatoryId !== undefined && this.returned.get(mandatoryId) === true;
        if (mandatoryId !== undefined) this.returned.delete(mandatoryId);
        if (undeliverable) {
          reject(
            new MessageUndeliverable(
              `No queue takes messages for "${routingKey}" on exchange "${exchange?.name ?? ''}": nobody listens there`,
            ),
          );
        } else if (error) reject(error);
        else resolve();
      });
    });
  }

  /** The broker returns a message before it confirms it. Python sends no message-id, so the body tells which one it was. */
  private onReturn(message: Message): void {
    try {
      const { uniqueId } = readReplyAddress(decodeEnvelope(message.content, this.settings.limits));
      if (uniqueId !== undefined && this.returned.has(uniqueId)) this.returned.set(uniqueId, true);
    } catch (error) {
      this.settings.logger.debug(`A returned message could not be read: ${toError(error).message}`);
    }
  }
}
