import type { Dict } from '../../core/dict.js';
import type { MessageLimits } from '../../core/limits.js';
import type { Sequence } from '../../core/sequence.js';
import { UNMEASURED } from '../inbox/arrivals.js';
import type { Delivery } from '../inbox/delivery.js';
import type { PassedMessage } from './passed-message.js';

/** Message in a queue. */
export interface MemoryMessage {
  readonly content: PassedMessage;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds. */
  readonly expires: number;
  /** Number of times that it was returned to the queue. */
  readonly returns: number;
  /** True when no other queue has the same message. */
  readonly sole: boolean;
  /** Position in the queue, for a message that is returned. */
  readonly position: number;
  /** Content of the redelivery after an acknowledgement that is lost. Only a test loses one. */
  readonly again?: PassedMessage | undefined;
}

/** Queue of a delivered message. */
export interface SourceQueue {
  readonly name: string;
  /** Returns messages to their original positions. */
  putBack(...returned: readonly MemoryMessage[]): void;
  /** Delivers waiting messages while consumers have room. */
  pump(): void;
}

/** Options and callback of a consumer. */
export interface Reading {
  /** Maximum number of unacknowledged messages. */
  readonly prefetch: number;
  /** True when each message is acknowledged in the step that delivers it, and so is never returned. */
  readonly once: boolean;
  readonly deliver: (delivery: Delivery) => void;
}

/** Consumer of a queue. */
export interface Consumer extends Reading {
  /** Number of unacknowledged messages. */
  unacknowledged: number;
  cancelled: boolean;
  /** Unacknowledged messages in order; empty when they are acknowledged on delivery (`once`). */
  readonly held: Sequence<MemoryDelivery>;
}

/** Message that was delivered to a consumer. */
export class MemoryDelivery implements Delivery {
  readonly headers = UNMEASURED.headers;
  waitingSince: number | undefined = undefined;
  private settled = false;
  /** Its number among the messages that the consumer holds; 0 before it is held. */
  private number = 0;

  constructor(
    private readonly source: SourceQueue,
    private readonly consumer: Consumer,
    readonly message: MemoryMessage,
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

  get cancellable(): boolean {
    return this.message.content.cancellable;
  }

  read(limits: MessageLimits): Dict {
    const { content, sole } = this.message;
    return content.read(limits, sole && this.consumer.once);
  }

  mayCall(prefix: string): boolean {
    return this.message.content.mayCall(prefix);
  }

  text(): Buffer {
    return this.body;
  }

  /** Calls the consumer. Returns the message to the queue, uncounted, when the consumer was cancelled meanwhile. */
  deliver(): void {
    const { consumer } = this;
    if (consumer.cancelled) {
      if (this.settle()) this.source.putBack(this.message);
      return;
    }
    if (!consumer.once) this.number = consumer.held.add(this);
    consumer.deliver(this);
  }

  acknowledge(): Promise<boolean> | true {
    // Its channel was closed, so that it is in the queue again.
    if (!this.settle()) return Promise.resolve(false);
    const { again } = this.message;
    if (again) this.source.putBack({ ...this.returned(), content: again, again: undefined });
    else this.source.pump();
    return true;
  }

  requeue(): void {
    const message = this.takeBack();
    if (message) this.source.putBack(message);
  }

  release(): void {
    this.requeue();
  }

  /** Returns the message to put back into the queue; undefined when it is settled already. */
  takeBack(): MemoryMessage | undefined {
    return this.settle() ? this.returned() : undefined;
  }

  private returned(): MemoryMessage {
    return { ...this.message, returns: this.message.returns + 1 };
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    const { consumer } = this;
    consumer.unacknowledged--;
    if (!consumer.once) consumer.held.remove(this.number);
    return true;
  }
}
