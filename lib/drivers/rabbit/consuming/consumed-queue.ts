import type { Channel, Options } from 'amqplib';
import { isAbsent, replyCodeOf } from '../connection/reply-code.js';
import { DeclareAgain, type Declarer } from '../topology/declarer.js';
import type { QueueSpec } from '../topology/topology.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import { assertName } from '../wire/outgoing-frames.js';
import { type DeliveryCounting, deliveryCountingOf } from './delivery-counting.js';
import { type Judgement, StreamPlace } from './stream-place.js';

/** Our own lost connection may still hold our number: so often it is tried again, with this wait in milliseconds. */
const PATIENCE = 5;
const PATIENCE_DELAY = 200;
const MOST_NUMBERS = 10_000;

/** Something that a consumed queue lacks at the broker. */
export interface Missing {
  readonly what: string;
  /** True where it has been made again already. */
  readonly mended: boolean;
}

/** A queue that is read: under which name, and how far, which both outlive the channel. */
export class ConsumedQueue {
  private number = 1;
  private ours = false;
  private refusals = 0;
  private readonly place: StreamPlace | undefined;
  /** True where the stream is known to be missing. */
  private absent = false;
  /** Way in which it counts what comes back. */
  counting: DeliveryCounting | undefined;

  constructor(private readonly spec: QueueSpec) {
    if (spec.stream) this.place = new StreamPlace();
  }

  get name(): string {
    return this.spec.numbered ? `${this.spec.name}${this.number}` : this.spec.name;
  }

  /** Milliseconds for which acknowledgements may be gathered. */
  get gathering(): number {
    return this.spec.gathering ?? 0;
  }

  /** How `basic.consume` asks for it. */
  get options(): Options.Consume {
    const { place } = this;
    return { noAck: false, arguments: { ...this.spec.consume, ...(place && { 'x-stream-offset': place.offset }) } };
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare(channel: Channel, declarer: Declarer): Promise<void> {
    if (this.spec.numbered) await this.claim(channel);
    if (this.place && !this.absent) await this.look(channel, this.place);
    await declarer.declareQueue(channel, this.spec, this.name);
    this.absent = false;
    this.counting = deliveryCountingOf(channel, this.spec, (argument) => declarer.found(this.name, argument));
  }

  get isStream(): boolean {
    return this.place !== undefined;
  }

  /** True while it is unknown if the stream is the one that was read before. */
  get isResuming(): boolean {
    return this.place?.resuming === true;
  }

  /** True while the messages of the stream only show that it is not empty. */
  get isProbing(): boolean {
    return this.place?.probing === true;
  }

  /** Resolves with true as soon as the stream has delivered a message, and with false where it is empty. */
  async probe(): Promise<boolean> {
    return this.place !== undefined && (await this.place.probe());
  }

  /** A consumer is about to be started with the {@link options}. */
  starting(): void {
    this.place?.starting();
  }

  /** The consumer has been started. */
  started(): void {
    this.place?.started();
  }

  judge(raw: RawDelivery): Judgement {
    return this.place?.judge(raw) ?? 'new';
  }

  /** A message has been acknowledged: the stream goes on behind it. */
  pass(raw: RawDelivery): void {
    this.place?.pass(raw);
  }

  /** The stream is another one than before. */
  restart(): void {
    this.place?.restart();
  }

  /**
   * Looks whether the queue, its consumer and its exchange are there, and binds it again.
   * @returns the name of what is missing; undefined where all is there
   */
  async missing(channel: Channel, declarer: Declarer): Promise<Missing | undefined> {
    const { name, spec } = this;
    try {
      const { consumerCount } = await channel.checkQueue(name);
      if (consumerCount === 0 && !this.place) return { what: `consumer of ${name}`, mended: false };
      if (spec.exchange) await channel.checkExchange(spec.exchange.name);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      const isExchange = /no exchange/.test((error as Error).message);
      return { what: isExchange ? `exchange ${spec.exchange?.name}` : `queue ${name}`, mended: false };
    }
    if (await declarer.bindAgain(channel, spec, name)) return undefined;
    return { what: `binding of ${name} to ${spec.exchange?.name}`, mended: true };
  }

  /** Deletes what is ours alone. */
  async release(channel: Channel): Promise<void> {
    const names = [this.spec.temporary && this.name, this.ours && this.claimName];
    for (const name of names) if (name) await channel.deleteQueue(name).catch(() => undefined);
    this.ours = false;
  }

  /** Finds out whether the stream exists: RabbitMQ does not tell whether a declaration has created it. */
  private async look(channel: Channel, place: StreamPlace): Promise<void> {
    try {
      const { messageCount } = await channel.checkQueue(this.name);
      place.found(messageCount);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      this.absent = true;
      place.missing();
      throw new DeclareAgain(`There is no stream ${this.name} yet`, error);
    }
  }

  private get claimName(): string {
    return `claim_${this.name}`;
  }

  /**
   * Python counts in the memory that the processes of a host share, which containers do not. Here an exclusive queue
   * claims the number: the broker gives it to one connection, and takes it back when that one ends.
   */
  private async claim(channel: Channel): Promise<void> {
    assertName(this.claimName);
    try {
      await channel.assertQueue(this.claimName, { exclusive: true, durable: false, autoDelete: false });
      this.ours = true;
      this.refusals = 0;
    } catch (error) {
      const taken = replyCodeOf(error) === 405;
      if (!taken || this.number >= MOST_NUMBERS) throw error;
      const message = `Another connection has the queue ${this.name}`;
      if (this.ours && ++this.refusals <= PATIENCE) throw new DeclareAgain(message, error, PATIENCE_DELAY);
      this.ours = false;
      this.refusals = 0;
      this.number++;
      throw new DeclareAgain(message, error);
    }
  }
}
