import type { Channel, ConsumeMessage, Options } from 'amqplib';
import type { Delivery } from '../delivery.js';
import type { Acknowledger } from './acknowledger.js';
import { decompress } from './compression.js';
import { DeclareAgain, type Declarer } from './declarer.js';
import type { QueueSpec } from './topology.js';

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
  }

  /** @param limit most bytes of the body, decompressed */
  deliveryOf(message: ConsumeMessage, acknowledger: Acknowledger, limit: number): Delivery {
    const { fields, properties, content } = message;
    const acknowledge = () => acknowledger.acknowledge(fields.deliveryTag);
    // Quorum queues count; classic ones do not.
    const returns = header(properties, 'x-delivery-count');
    const offset = this.spec.stream && header(properties, 'x-stream-offset');
    const compression = header(properties, 'compression');
    const expiration = millisecondsOf(properties.expiration);
    return {
      body: content,
      ...(typeof compression === 'string' && { compression }),
      read: () => decompress(content, compression, limit),
      queue: this.name,
      returns: typeof returns === 'number' ? returns : 0,
      redelivered: fields.redelivered,
      ...(expiration !== undefined && { expiration }),
      acknowledge: typeof offset === 'number' ? () => this.pass(offset, acknowledge) : acknowledge,
      requeue: () => acknowledger.requeue(fields.deliveryTag),
    };
  }

  /** Once this message is acknowledged, a stream goes on behind it. */
  private async pass(offset: number, acknowledge: () => Promise<boolean>): Promise<boolean> {
    const acknowledged = await acknowledge();
    if (acknowledged) this.nextOffset = offset + 1;
    return acknowledged;
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
    try {
      await channel.assertQueue(this.claimName, { exclusive: true, durable: false, autoDelete: false });
      this.ours = true;
      this.refusals = 0;
    } catch (error) {
      const taken = error instanceof Error && Reflect.get(error, 'code') === 405;
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

/** A header by its own name, whatever the broker's client made of a `__proto__`. */
function header({ headers }: ConsumeMessage['properties'], name: string): unknown {
  return headers && Object.hasOwn(headers, name) ? headers[name] : undefined;
}

/** AMQP has it as text, of decimal digits where the broker has checked it. */
function millisecondsOf(expiration: unknown): number | undefined {
  return typeof expiration === 'string' && /^\d{1,15}$/.test(expiration) ? Number(expiration) : undefined;
}
