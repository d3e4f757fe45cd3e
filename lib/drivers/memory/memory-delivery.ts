import type { Dict } from '../../core/dict.js';
import type { MessageLimits } from '../../core/limits.js';
import type { Delivery } from '../inbox/delivery.js';
import type { MemoryQueue, Reading } from './memory-queue.js';
import type { PassedMessage } from './passed-message.js';

/** One message, and where it stands in a queue. */
export interface MemoryMessage {
  readonly content: PassedMessage;
  /** On the monotonic clock; nobody waits for the message after it. */
  readonly expires: number;
  readonly returns: number;
  /** True where no other queue has it. */
  readonly sole: boolean;
  /** Place in the queue, for a message that is put back. */
  readonly position: number;
}

/** A consumer, as its queue sees it. */
export interface Consumer extends Reading {
  /** Number of messages delivered and not settled. */
  unacknowledged: number;
  cancelled: boolean;
  /** These messages, in order; empty where they are settled at once (`once`). */
  readonly held: Set<MemoryDelivery>;
}

/** A message that was delivered to a consumer. */
export class MemoryDelivery implements Delivery {
  private settled = false;

  constructor(
    private readonly source: MemoryQueue,
    private readonly consumer: Consumer,
    private readonly message: MemoryMessage,
  ) {}

  get body(): Buffer {
    return this.message.content.body;
  }

  get queue(): string {
    return this.source.name;
  }

  get returns(): number {
    return this.message.returns;
  }

  get maxReturns(): number {
    return Number.POSITIVE_INFINITY;
  }

  get redelivered(): boolean {
    return this.message.returns > 0;
  }

  get repeated(): boolean {
    return this.redelivered;
  }

  get expires(): number {
    return this.message.expires;
  }

  read(limits: MessageLimits): Dict {
    const { content, sole } = this.message;
    return content.read(limits, sole && this.consumer.once);
  }

  text(): Buffer {
    return this.body;
  }

  /** Delivers it. A consumer that was cancelled meanwhile never sees it, so that does not count as a delivery. */
  hand(): void {
    const { consumer } = this;
    if (consumer.cancelled) {
      if (this.settle()) this.source.putBack(this.message);
      return;
    }
    if (!consumer.once) consumer.held.add(this);
    consumer.deliver(this);
  }

  acknowledge(): Promise<boolean> | true {
    // Its channel is gone, and it is in the queue again.
    if (!this.settle()) return Promise.resolve(false);
    this.source.pump();
    return true;
  }

  requeue(): void {
    const message = this.takeBack();
    if (message) this.source.putBack(message);
  }

  release(): void {
    this.requeue();
  }

  /** Returns the message that goes back to the queue; undefined when it is settled already. */
  takeBack(): MemoryMessage | undefined {
    return this.settle() ? { ...this.message, returns: this.message.returns + 1 } : undefined;
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    const { consumer } = this;
    consumer.unacknowledged--;
    if (!consumer.once) consumer.held.delete(this);
    return true;
  }
}
