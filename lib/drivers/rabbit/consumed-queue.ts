import type { Channel, Options } from 'amqplib';
import { DeclareAgain, type Declarer } from './declarer.js';
import { type DeliveryCounting, deliveryCountingOf } from './delivery-counting.js';
import { replyCodeOf } from './reply-code.js';
import type { QueueSpec } from './topology.js';
import { assertName } from './wire/outgoing-frames.js';

/** Our own lost connection may still hold our number: so often it is tried again, with this wait in milliseconds. */
const PATIENCE = 5;
const PATIENCE_DELAY = 200;
const MOST_NUMBERS = 10_000;

/** A queue that is read: under which name, and how far, which both outlive the channel. */
export class ConsumedQueue {
  private number = 1;
  private ours = false;
  private refusals = 0;
  private nextOffset: number | 'last' = 'last';
  /** How it counts what comes back. */
  counting: DeliveryCounting | undefined;

  constructor(private readonly spec: QueueSpec) {}

  get name(): string {
    return this.spec.numbered ? `${this.spec.name}${this.number}` : this.spec.name;
  }

  /** Milliseconds for which acknowledgements may be gathered. */
  get gathering(): number {
    return this.spec.gathering ?? 0;
  }

  /** How `basic.consume` asks for it. */
  get options(): Options.Consume {
    const { consume, stream } = this.spec;
    return { noAck: false, arguments: { ...consume, ...(stream && { 'x-stream-offset': this.nextOffset }) } };
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare(channel: Channel, declarer: Declarer): Promise<void> {
    if (this.spec.numbered) await this.claim(channel);
    await declarer.declareQueue(channel, this.spec, this.name);
    this.counting = deliveryCountingOf(channel, this.spec, (argument) => declarer.found(this.name, argument));
  }

  get isStream(): boolean {
    return this.spec.stream === true;
  }

  /** Once the message of this offset is acknowledged, the stream goes on behind it. */
  pass(offset: number): void {
    this.nextOffset = offset + 1;
  }

  /** The broker ended the consumer, as it does when the queue is deleted: a new stream begins at 0. */
  cancelled(): void {
    this.nextOffset = 'last';
  }

  /** Deletes what is ours alone. */
  async release(channel: Channel): Promise<void> {
    const names = [this.spec.temporary && this.name, this.ours && this.claimName];
    for (const name of names) if (name) await channel.deleteQueue(name).catch(() => undefined);
    this.ours = false;
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
