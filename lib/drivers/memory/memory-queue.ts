import type { Delivery } from '../inbox/delivery.js';
import type { Backlog } from './backlog.js';
import { type Consumer, MemoryDelivery, type MemoryMessage } from './memory-delivery.js';

/** Read messages are cut off once they are this many, and half of all: to shift a long array moves all of it. */
const MIN_CUT = 1024;

/** How a queue is read. */
export interface Reading {
  /** Messages that may be unacknowledged. */
  readonly prefetch: number;
  /** True where a message that was read is acknowledged in the same step, so that it is never put back. */
  readonly once: boolean;
  readonly deliver: (delivery: Delivery) => void;
}

/** A consumer, as whoever started it holds it. */
export interface Consuming {
  /** Stops the flow. What was delivered can still be acknowledged. */
  cancel(): void;
  /** Puts back what is not acknowledged, as a broker does when a channel closes. */
  release(): void;
}

/** One queue: messages in order, delivered in turns to consumers that have room. */
export class MemoryQueue {
  private messages: MemoryMessage[] = [];
  /** Index of the first message. */
  private head = 0;
  private consumers: Consumer[] = [];
  /** Index of the consumer whose turn it is. */
  private turn = 0;
  private deleted = false;

  /** @param due called with each delivery in order, to be delivered soon, with `hand` */
  constructor(
    readonly name: string,
    private readonly backlog: Backlog,
    private readonly due: (delivery: MemoryDelivery) => void,
  ) {}

  /** Messages that wait. */
  get length(): number {
    return this.messages.length - this.head;
  }

  get isConsumed(): boolean {
    return this.consumers.length > 0;
  }

  /** True where a message need not wait. */
  get isOpen(): boolean {
    return this.length === 0 && this.consumers.some(hasRoom);
  }

  /** Adds a message. Returns whether it has to wait. */
  push(message: MemoryMessage): boolean {
    // Whatever waits here waits for a consumer with room.
    const consumer = this.length === 0 ? this.nextConsumer() : undefined;
    if (consumer) this.hand(message, consumer);
    else {
      this.dropExpired();
      this.messages.push(message);
      this.backlog.count(message.content.size, 1);
    }
    return consumer === undefined;
  }

  /** Puts messages back to where they were, before what came later. */
  putBack(...returned: readonly MemoryMessage[]): void {
    if (this.deleted) return;
    for (const { content } of returned) this.backlog.count(content.size, 1);
    const [only] = returned;
    const first = this.messages[this.head];
    if (only && returned.length === 1 && this.head > 0 && (!first || only.position < first.position))
      this.messages[--this.head] = only;
    else {
      const waiting = this.head === 0 ? this.messages : this.messages.slice(this.head);
      this.messages = [...returned, ...waiting].sort((a, b) => a.position - b.position);
      this.head = 0;
    }
    this.pump();
  }

  consume(reading: Reading): Consuming {
    const consumer: Consumer = { ...reading, unacknowledged: 0, cancelled: false, held: new Set() };
    this.consumers.push(consumer);
    this.pump();
    return {
      cancel: () => {
        consumer.cancelled = true;
        this.consumers = this.consumers.filter((other) => other !== consumer);
      },
      release: () => {
        const returned = [...consumer.held].flatMap((delivery) => delivery.takeBack() ?? []);
        if (returned.length > 0) this.putBack(...returned);
      },
    };
  }

  /** Delivers what there is, as far as consumers have room. */
  pump(): void {
    while (this.length > 0) {
      const consumer = this.nextConsumer();
      if (!consumer) return;
      const message = this.shift();
      if (message && message.expires >= performance.now()) this.hand(message, consumer);
    }
  }

  /** Drops messages whose callers gave up, from the front, as RabbitMQ does. */
  dropExpired(): void {
    const now = performance.now();
    for (let first = this.messages[this.head]; first && first.expires < now; first = this.messages[this.head])
      this.shift();
  }

  /** Drops messages whose callers gave up, wherever they are. */
  dropAllExpired(): void {
    const now = performance.now();
    const waiting = this.messages.slice(this.head);
    const left = waiting.filter(({ expires }) => expires >= now);
    if (left.length === waiting.length) return;
    this.clear();
    this.messages = left;
    for (const { content } of left) this.backlog.count(content.size, 1);
  }

  /** Lets go of everything. Nothing can be put back any more. */
  delete(): void {
    this.deleted = true;
    this.clear();
    this.backlog.emptied(this.name);
  }

  private clear(): void {
    for (let index = this.head; index < this.messages.length; index++)
      this.backlog.count(this.messages[index]?.content.size ?? 0, -1);
    this.messages = [];
    this.head = 0;
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
      if (consumer && hasRoom(consumer)) return consumer;
    }
    return undefined;
  }

  private shift(): MemoryMessage | undefined {
    const message = this.messages[this.head++];
    if (this.head === this.messages.length || (this.head >= MIN_CUT && this.head * 2 >= this.messages.length)) {
      this.messages = this.messages.slice(this.head);
      this.head = 0;
      if (this.messages.length === 0) this.backlog.emptied(this.name);
    }
    if (message) this.backlog.count(message.content.size, -1);
    return message;
  }
}

function hasRoom({ unacknowledged, prefetch }: Consumer): boolean {
  return unacknowledged < prefetch;
}
