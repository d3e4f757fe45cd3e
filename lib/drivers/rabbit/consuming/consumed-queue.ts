import type { Channel, Options } from 'amqplib';
import { isAbsent, replyCodeOf } from '../connection/reply-code.js';
import { DeclareAgain, type Declarer } from '../topology/declarer.js';
import type { QueueSpec } from '../topology/topology.js';
import { STREAM_OFFSET } from '../wire/header-names.js';
import { assertName } from '../wire/outgoing-frames.js';
import { ConsumedStream } from './consumed-stream.js';
import { type DeliveryCounting, deliveryCountingOf } from './delivery-counting.js';
import { TemporaryName } from './temporary-name.js';

/** Attempts to get back a number that this process held, since the broker may not have noticed the lost connection. */
const MAX_CLAIM_RETRIES = 5;
const CLAIM_DELAY_MS = 200;
const MAX_NUMBER = 10_000;

/** Resource that a consumed queue lacks at the broker. */
export interface Missing {
  readonly what: string;
  /** True where it has already been restored. */
  readonly mended: boolean;
}

/** Queue of a consumer. Its name and the place in its stream outlive the channel. */
export class ConsumedQueue {
  private number = 1;
  private ours = false;
  private refusals = 0;
  /** Place in the stream, where the queue is one. */
  readonly stream: ConsumedStream | undefined;
  /** True where the stream is known not to exist. */
  private absent = false;
  /** Rule by which the queue counts redeliveries; undefined where it does not count. */
  counting: DeliveryCounting | undefined;

  private readonly temporary: TemporaryName | undefined;

  constructor(private readonly spec: QueueSpec) {
    if (spec.rename) this.temporary = new TemporaryName(spec.name, spec.rename);
    if (spec.stream) this.stream = new ConsumedStream();
  }

  get name(): string {
    return this.spec.numbered ? `${this.spec.name}${this.number}` : (this.temporary?.current ?? this.spec.name);
  }

  /** Time for which acknowledgements are gathered, in milliseconds. */
  get gathering(): number {
    return this.spec.gathering ?? 0;
  }

  /** Options of `basic.consume`. */
  get options(): Options.Consume {
    if (this.stream) return { noAck: false, arguments: { [STREAM_OFFSET]: this.stream.offset } };
    // Only classic queues are mirrored. RabbitMQ 3.10 refuses the argument for a quorum queue.
    const isClassic = this.counting === undefined;
    return { noAck: false, arguments: { ...(isClassic && this.spec.consume) } };
  }

  /** Declares the queue. @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare(channel: Channel, declarer: Declarer): Promise<void> {
    if (this.spec.numbered) await this.claim(channel);
    if (this.stream && !this.absent) await this.look(channel, this.stream);
    this.temporary?.prepare(channel);
    const declaration = declarer.declareQueue(channel, this.spec, this.name);
    await (this.temporary ? this.temporary.declare(declaration) : declaration);
    this.absent = false;
    this.counting = deliveryCountingOf(channel, declarer.optionsOf(this.spec), (argument) =>
      declarer.found(this.name, argument),
    );
  }

  /** Gives up a declaration that the broker does not answer, where the queue can have another name. */
  giveUp(): void {
    this.temporary?.giveUp();
  }

  /**
   * Checks that the queue, its consumer and its exchange exist, and binds the queue again.
   * @returns the resource that is missing; undefined where none is
   */
  async missing(channel: Channel, declarer: Declarer): Promise<Missing | undefined> {
    const { name, spec } = this;
    try {
      const { consumerCount } = await channel.checkQueue(name);
      if (consumerCount === 0 && !this.stream) return { what: `consumer of "${name}"`, mended: false };
      if (spec.exchange) await channel.checkExchange(spec.exchange.name);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      const isExchange = /no exchange/.test((error as Error).message);
      return { what: isExchange ? `exchange "${spec.exchange?.name}"` : `queue "${name}"`, mended: false };
    }
    if (await declarer.bindAgain(channel, spec, name)) return undefined;
    return { what: `binding of "${name}" to "${spec.exchange?.name}"`, mended: true };
  }

  /** Deletes a temporary queue and the claim of a number. */
  async release(channel: Channel): Promise<void> {
    const names = [this.spec.temporary && this.name, this.ours && this.claimName];
    for (const name of names) if (name) await channel.deleteQueue(name).catch(() => undefined);
    this.ours = false;
  }

  /** Finds out whether the stream exists: RabbitMQ does not tell whether a declaration has created it. */
  private async look(channel: Channel, stream: ConsumedStream): Promise<void> {
    try {
      const { messageCount } = await channel.checkQueue(this.name);
      stream.found(messageCount);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      this.absent = true;
      stream.dispatch({ type: 'absent' });
      throw new DeclareAgain(`There is no stream "${this.name}" yet`, error);
    }
  }

  private get claimName(): string {
    return `claim_${this.name}`;
  }

  /**
   * Claims the number in the queue's name by an exclusive queue: the broker gives it to one connection, and deletes it
   * with that connection. Python counts in memory that the processes of a host share, which containers do not.
   */
  private async claim(channel: Channel): Promise<void> {
    assertName(this.claimName);
    try {
      await channel.assertQueue(this.claimName, { exclusive: true, durable: false, autoDelete: false });
      this.ours = true;
      this.refusals = 0;
    } catch (error) {
      const taken = replyCodeOf(error) === 405;
      if (!taken || this.number >= MAX_NUMBER) throw error;
      const message = `Another connection has the queue "${this.name}"`;
      if (this.ours && ++this.refusals <= MAX_CLAIM_RETRIES) throw new DeclareAgain(message, error, CLAIM_DELAY_MS);
      this.ours = false;
      this.refusals = 0;
      this.number++;
      throw new DeclareAgain(message, error);
    }
  }
}
