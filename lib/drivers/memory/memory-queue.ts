import type { Dict, MessageLimits } from '../../core/message.js';
import type { Delivery } from '../delivery.js';
import type { PassedMessage } from './passed-message.js';

/** One message, and where it stands in a queue. */
export interface MemoryMessage {
  readonly content: PassedMessage;
  /** On the monotonic clock; nobody waits for the message after it. */
  readonly expires: number;
  readonly returns: number;
  /** Whether no other queue has it. */
  readonly sole: boolean;
  /** What is put back goes to where it was. */
  readonly position: number;
}

/** How a queue is read. */
export interface Reading {
  /** Messages that may be in hand. */
  readonly prefetch: number;
  /** Whether what has been read is never put back. */
  readonly once: boolean;
  readonly deliver: (delivery: Delivery) => void;
}

/** Whoever reads a queue, and how many messages it has in hand. */
interface Consumer extends Reading {
  unacknowledged: number;
}

/** What has been read is cut off once it is as much as this, and half of all: to shift a long array moves all of it. */
const FEWEST_TO_CUT = 1024;

/** One queue: messages in order, handed in turns to consumers that have room. */
export class MemoryQueue {
  private messages: MemoryMessage[] = [];
  /** Index of the first message. */
  private head = 0;
  private consumers: Consumer[] = [];
  /** Index of the consumer whose turn it is. */
  private turn = 0;

  /** @param due called with each delivery in order, to be handed over soon, with `hand` */
  constructor(
    readonly name: string,
    private readonly due: (delivery: MemoryDelivery) => void,
  ) {}

  get length(): number {
    return this.messages.length - this.head;
  }

  push(message: MemoryMessage): void {
    // Whatever waits here waits for a consumer with room.
    const consumer = this.length === 0 ? this.nextConsumer() : undefined;
    if (consumer) this.hand(message, consumer);
    else this.messages.push(message);
  }

  /** In its place, before what came later. */
  putBack(message: MemoryMessage): void {
    const index = this.messages.findIndex(({ position }, at) => at >= this.head && position > message.position);
    this.messages.splice(index < 0 ? this.messages.length : index, 0, message);
    this.pump();
  }

  /** @returns what ends it; unacknowledged messages are the consumer's to finish, or to put back */
  consume(reading: Reading): () => void {
    const consumer = { ...reading, unacknowledged: 0 };
    this.consumers.push(consumer);
    this.pump();
    return () => {
      this.consumers = this.consumers.filter((other) => other !== consumer);
    };
  }

  /** Hands over what there is, as far as consumers have room. */
  pump(): void {
    while (this.length > 0) {
      const consumer = this.nextConsumer();
      if (!consumer) return;
      const message = this.shift();
      if (message && message.expires >= performance.now()) this.hand(message, consumer);
    }
  }

  private hand(message: MemoryMessage, consumer: Consumer): void {
    consumer.unacknowledged++;
    this.due(new MemoryDelivery(this, consumer, message));
  }

  private nextConsumer(): Consumer | undefined {
    const { length } = this.consumers;
    for (let tries = 0; tries < length; tries++) {
      this.turn = this.turn + 1 < length ? this.turn + 1 : 0;
      const consumer = this.consumers[this.turn];
      if (consumer && consumer.unacknowledged < consumer.prefetch) return consumer;
    }
    return undefined;
  }

  private shift(): MemoryMessage | undefined {
    const message = this.messages[this.head++];
    if (this.head === this.messages.length || (this.head >= FEWEST_TO_CUT && this.head * 2 >= this.messages.length)) {
      this.messages = this.messages.slice(this.head);
      this.head = 0;
    }
    return message;
  }
}

/** A message in a consumer's hands. */
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

  get mostReturns(): number {
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

  hand(): void {
    this.consumer.deliver(this);
  }

  acknowledge(): true {
    if (this.settle()) this.source.pump();
    return true;
  }

  requeue(): void {
    if (this.settle()) this.source.putBack({ ...this.message, returns: this.message.returns + 1 });
  }

  release(): void {
    this.requeue();
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.consumer.unacknowledged--;
    return true;
  }
}
