import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingException, toError } from '../../core/errors.js';
import { decodeEnvelope } from '../../core/message.js';
import type { Settings } from '../../core/options.js';
import { readReplyAddress } from '../../core/reply-address.js';
import { compress, decompress } from './compression.js';
import type { RabbitConnection } from './connection.js';
import { DeclareAgain, DeclareRefused, type Declarer } from './declarer.js';
import { PendingPublishes } from './pending-publishes.js';
import { blame } from './publish-refusal.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';

/** Waits before a message is tried once more while the broker keeps closing the channel. */
const RETRY_DELAY = 50;
const LONGEST_RETRY_DELAY = 1000;

/** What amqplib says of a negative confirmation. */
const REFUSED = /nacked/;

/** One message to publish. */
export interface Publication {
  readonly exchange: ExchangeSpec | undefined;
  /** Declared and bound first, so that the message has a place to stay. */
  readonly queue?: QueueSpec;
  /** Declare the queue even if it was declared before. */
  readonly redeclare?: boolean;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds, whole. */
  readonly expiration?: number | undefined;
  /** Given for a message that must reach a queue: its `_unique_id`, by which a returned one is recognised. */
  readonly mandatoryId?: string | undefined;
}

interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly declared: Set<string>;
  /** What is being declared. */
  readonly declaring: Map<string, Promise<void>>;
  /** Why the broker closed it. */
  failure?: Error;
}

/** Publishes with confirms, declaring what it publishes to once for each channel. */
export class Publisher {
  private open: Promise<OpenChannel> | undefined;
  private ready: OpenChannel | undefined;
  readonly pending: PendingPublishes;
  /** Messages that no queue took, until their confirmation arrives, which follows. */
  private readonly returned = new Set<string>();

  constructor(
    private readonly connection: RabbitConnection,
    private readonly settings: Settings,
    private readonly declarer: Declarer,
  ) {
    this.pending = new PendingPublishes(settings.limits);
  }

  /**
   * Resolves when the broker has confirmed the message.
   * @throws MessageUndeliverable, MessageDeliveryFailure, or ClientSendError when too much is unconfirmed
   */
  async publish(given: Publication, deadline: Deadline, retry?: number): Promise<void> {
    const publication = this.settings.rabbit.compress ? compressed(given) : given;
    const size = publication.body.length;
    // Replies are as many as requests in work, which the server bounds, and nobody could be told.
    if (publication.exchange) this.pending.assertRoom(size);
    this.pending.add(size);
    try {
      await this.persist(publication, deadline, retry);
    } finally {
      this.pending.remove(size);
    }
  }

  private async persist(publication: Publication, deadline: Deadline, retry: number | undefined): Promise<void> {
    for (let failures = 0; ; ) {
      let open: OpenChannel | undefined;
      try {
        open = this.ready ?? (await this.acquire(deadline, retry));
        if (!isDeclared(open, publication)) await this.declare(open, publication);
        return await this.send(open.channel, publication);
      } catch (error) {
        // Somebody deleted the queue that was declared here: it is declared again.
        if (error instanceof MessageUndeliverable && publication.queue && !deadline.expired) {
          open?.declared.delete(`queue ${publication.queue.name}`);
          continue;
        }
        if (error instanceof MessagingException) throw error;
        if (open) this.forget(open);
        if (error instanceof DeclareAgain) continue;
        const guilty = blame(open?.failure, publication);
        // A fanout exchange goes with its last queue; then the channel is closed, and a new one declares it again.
        const free = (failures === 0 || guilty === 'another') && this.connection.current !== undefined;
        const givenUp = retry !== undefined && retry >= 0 && failures >= retry && !free;
        if (error instanceof DeclareRefused || guilty === 'this' || givenUp || deadline.expired) {
          const cause = error instanceof DeclareRefused ? error : (open?.failure ?? toError(error));
          throw new MessageDeliveryFailure(`The broker did not take the message: ${cause.message}`, { cause });
        }
        if (failures++ > 0) await deadline.pause(Math.min(RETRY_DELAY * failures, LONGEST_RETRY_DELAY));
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
    const channel = await model.createConfirmChannel();
    const open: OpenChannel = { channel, declared: new Set(), declaring: new Map() };
    channel.on('error', (error: Error) => {
      open.failure = error;
    });
    channel.on('close', () => {
      this.forget(open);
      this.returned.clear();
    });
    channel.on('return', (message) => this.onReturn(message));
    this.ready = open;
    return open;
  }

  private forget(open: OpenChannel): void {
    if (this.ready === open) this.ready = undefined;
  }

  private async declare(open: OpenChannel, { exchange, queue, redeclare }: Publication): Promise<void> {
    const { channel, declared } = open;
    if (queue && (redeclare || !declared.has(`queue ${queue.name}`))) {
      await this.declareOnce(open, `queue ${queue.name}`, () => this.declarer.declareQueue(channel, queue));
    }
    if (exchange && !declared.has(exchange.name)) {
      // An auto-delete exchange may go with its last queue; then the publish closes this channel, and it is made again.
      await this.declareOnce(open, exchange.name, () => this.declarer.declareExchange(channel, exchange));
    }
  }

  /** Together for all who wait: on a new channel these may be thousands, and a declaration takes the way there and back. */
  private async declareOnce(
    { declared, declaring }: OpenChannel,
    name: string,
    work: () => Promise<void>,
  ): Promise<void> {
    let running = declaring.get(name);
    if (!running) {
      running = work().finally(() => declaring.delete(name));
      declaring.set(name, running);
    }
    await running;
    declared.add(name);
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
    };
    if (expiration !== undefined) options.expiration = String(expiration);
    return new Promise((resolve, reject) => {
      channel.publish(exchange?.name ?? '', routingKey, body, options, (error: Error | null) => {
        if (mandatoryId !== undefined && this.returned.delete(mandatoryId)) {
          reject(
            new MessageUndeliverable(
              `No queue takes messages for "${routingKey}" on exchange "${exchange?.name ?? ''}": nobody listens there`,
            ),
          );
        } else if (error) reject(REFUSED.test(error.message) ? refused(routingKey, error) : error);
        else resolve();
      });
    });
  }

  /** The broker returns a message before it confirms it. Python sends no message-id, so the body tells which one it was. */
  private onReturn(message: Message): void {
    try {
      const { limits } = this.settings;
      const body = decompress(message.content, message.properties.headers?.['compression'], limits.bodyBytes);
      const { uniqueId } = readReplyAddress(decodeEnvelope(body, limits));
      if (uniqueId !== undefined) this.returned.add(uniqueId);
    } catch (error) {
      this.settings.logger.debug(`A returned message could not be read: ${toError(error).message}`);
    }
  }
}

function isDeclared({ declared }: OpenChannel, { exchange, queue, redeclare }: Publication): boolean {
  return !redeclare && (!queue || declared.has(`queue ${queue.name}`)) && (!exchange || declared.has(exchange.name));
}

/** The channel is as it was; to send it again would be refused again. */
function refused(routingKey: string, cause: Error): MessageDeliveryFailure {
  return new MessageDeliveryFailure(
    `The broker refused the message for "${routingKey}": a queue is full or unavailable`,
    {
      cause,
    },
  );
}

/** What is compressed already stays as it is. */
function compressed(publication: Publication): Publication {
  if (publication.headers?.['compression'] !== undefined) return publication;
  const { body, headers } = compress(publication.body);
  return { ...publication, body, headers: { ...publication.headers, ...headers } };
}
