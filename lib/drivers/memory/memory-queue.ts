import { Sequence } from '../../core/sequence.js';
import type { Backlog } from './backlog.js';
import {
  type Consumer,
  MemoryDelivery,
  type MemoryMessage,
  type Reading,
  type SourceQueue,
} from './memory-delivery.js';

/** Minimum number of consumed messages at the head of the array before it is cut: `shift` would move all messages each time. */
const MIN_CUT = 1024;

/** Handle of a consumer. */
export interface Consuming {
  /** Stops delivering. Delivered messages can still be acknowledged. */
  cancel(): void;
  /** Returns unacknowledged messages to the queue, as a broker does when a channel closes. */
  release(): void;
}

/** Queue of messages, delivered round-robin to the consumers below their prefetch. */
export class MemoryQueue implements SourceQueue {
  private messages: MemoryMessage[] = [];
  /** Index of the first message. */
  private head = 0;
  private consumers: Consumer[] = [];
  /** Index of the last consumer that got a message. */
  private turn = 0;
  private deleted = false;
  /** Consumers during an outage. */
  private suspended: Consumer[] | undefined;

  /** @param schedule called with each delivery in order; must call its `deliver` soon */
  constructor(
    readonly name: string,
    private readonly backlog: Backlog,
    private readonly schedule: (delivery: MemoryDelivery) => void,
  ) {}

  /** Number of waiting messages. */
  get length(): number {
    return this.messages.length - this.head;
  }

  get isConsumed(): boolean {
    return this.consumers.length > 0;
  }

  /** True when a message would not wait. */
  get isOpen(): boolean {
    return this.length === 0 && this.consumers.some(hasRoom);
  }

  /** Adds a message. Returns true when it must wait. */
  push(message: MemoryMessage): boolean {
    // Waiting messages imply that no consumer has room.
    const consumer = this.length === 0 ? this.nextConsumer() : undefined;
    if (consumer) this.deliverTo(message, consumer);
    else {
      this.dropExpired();
      this.messages.push(message);
      this.backlog.count(message.content.size, 1);
    }
    return consumer === undefined;
  }

  /** Returns messages to their original positions. */
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

  /** Starts a consumer. */
  consume(reading: Reading): Consuming {
    const { suspended } = this;
    const consumer: Consumer = {
      ...reading,
      unacknowledged: 0,
      cancelled: suspended !== undefined,
      held: new Sequence(),
    };
    (suspended ?? this.consumers).push(consumer);
    this.pump();
    return {
      cancel: () => {
        const others = (consumers: Consumer[]) => consumers.filter((other) => other !== consumer);
        consumer.cancelled = true;
        this.consumers = others(this.consumers);
        this.suspended = this.suspended && others(this.suspended);
      },
      release: () => this.release(consumer.held),
    };
  }

  /** Delivers nothing until {@link resume}. Unacknowledged messages return to the queue. */
  suspend(): void {
    const { consumers } = this;
    this.suspended = consumers;
    this.consumers = [];
    for (const consumer of consumers) {
      consumer.cancelled = true;
      this.release(consumer.held);
    }
  }

  /** Delivers again. */
  resume(): void {
    this.consumers = this.suspended ?? this.consumers;
    this.suspended = undefined;
    for (const consumer of this.consumers) consumer.cancelled = false;
    this.pump();
  }

  /** Returns the unacknowledged messages and, in a queue with consumers, the waiting ones. */
  unsettled(): MemoryMessage[] {
    const { suspended: consumers = this.consumers } = this;
    const held = consumers.flatMap((consumer) => [...consumer.held].map(([, { message }]) => message));
    const waiting = consumers.length > 0 ? this.messages.slice(this.head) : [];
    return [...held, ...waiting.filter(({ expires }) => expires >= performance.now())];
  }

  /** Delivers waiting messages while consumers have room. */
  pump(): void {
    while (this.length > 0) {
      const consumer = this.nextConsumer();
      if (!consumer) return;
      const message = this.shift();
      if (message && message.expires >= performance.now()) this.deliverTo(message, consumer);
    }
  }

  /** Drops expired messages from the front, as RabbitMQ does. */
  dropExpired(): void {
    const now = performance.now();
    for (let first = this.messages[this.head]; first && first.expires < now; first = this.messages[this.head])
      this.shift();
  }

  /** Drops all expired messages. */
  dropAllExpired(): void {
    const now = performance.now();
    const waiting = this.messages.slice(this.head);
    const left = waiting.filter(({ expires }) => expires >= now);
    if (left.length === waiting.length) return;
    this.clear();
    this.messages = left;
    for (const { content } of left) this.backlog.count(content.size, 1);
  }

  /** Drops all messages. None can be returned any more. */
  delete(): void {
    this.deleted = true;
    this.clear();
    this.backlog.emptied(this.name);
  }

  private release(held: Sequence<MemoryDelivery>): void {
    const returned = [...held].flatMap(([, delivery]) => delivery.takeBack() ?? []);
    if (returned.length > 0) this.putBack(...returned);
  }

  private clear(): void {
    for (let index = this.head; index < this.messages.length; index++)
      this.backlog.count(this.messages[index]?.content.size ?? 0, -1);
    this.messages = [];
    this.head = 0;
  }

  private deliverTo(message: MemoryMessage, consumer: Consumer): void {
    consumer.unacknowledged++;
    this.schedule(new MemoryDelivery(this, consumer, message));
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
