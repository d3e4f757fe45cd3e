import { MessageDeliveryFailure } from '../../core/errors.js';
import type { Delivery } from '../delivery.js';

interface Message {
  readonly body: Buffer;
  /** On the monotonic clock; nobody waits for the message after it. */
  readonly expires: number;
  /** Milliseconds between its publication and that. */
  readonly expiration: number | undefined;
  readonly returns: number;
  /** What was put back goes to where it was. */
  readonly position: number;
}

type Deliver = (delivery: Delivery) => void;

interface Consumer {
  deliver: Deliver;
  prefetch: number;
  unacknowledged: number;
}

interface Queue {
  readonly name: string;
  messages: Message[];
  consumers: Consumer[];
}

/** A queue that nobody reads is refused further messages at this length. */
const LONGEST_QUEUE = 100_000;

/** Queues, bindings and consumers within one process, as a broker has them. */
export class MemoryBroker {
  private static readonly brokers = new Map<string, MemoryBroker>();
  private readonly queues = new Map<string, Queue>();
  private readonly bindings = new Map<string, Set<string>>();
  private users = 0;
  private published = 0;

  /** The broker of that name; transports with equal names meet in it. It forgets everything when the last one closes. */
  static join(name: string): MemoryBroker {
    const broker = MemoryBroker.brokers.get(name) ?? new MemoryBroker(name);
    MemoryBroker.brokers.set(name, broker);
    broker.users++;
    return broker;
  }

  private constructor(private readonly name: string) {}

  leave(): void {
    if (--this.users === 0) MemoryBroker.brokers.delete(this.name);
  }

  declare(name: string): void {
    if (!this.queues.has(name)) this.queues.set(name, { name, messages: [], consumers: [] });
  }

  bind(exchange: string, key: string, queue: string): void {
    const address = `${exchange}\n${key}`;
    this.bindings.set(address, (this.bindings.get(address) ?? new Set()).add(queue));
  }

  delete(name: string): void {
    this.queues.delete(name);
    for (const [address, queues] of this.bindings) {
      if (queues.delete(name) && queues.size === 0) this.bindings.delete(address);
    }
  }

  /** @returns what ends it; unacknowledged messages are the consumer's to finish, or to put back */
  consume(name: string, prefetch: number, deliver: Deliver): () => void {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    const consumer = { deliver, prefetch, unacknowledged: 0 };
    queue.consumers.push(consumer);
    this.pump(queue);
    return () => {
      queue.consumers = queue.consumers.filter((other) => other !== consumer);
    };
  }

  /**
   * @returns whether any queue took the message
   * @throws MessageDeliveryFailure when a queue is full
   */
  publish(exchange: string, key: string, body: Buffer, expires = Number.POSITIVE_INFINITY): boolean {
    const expiration = Number.isFinite(expires) ? Math.max(0, Math.trunc(expires - performance.now())) : undefined;
    const names = exchange === '' ? [key] : [...(this.bindings.get(`${exchange}\n${key}`) ?? [])];
    const queues = names.flatMap((name) => this.queues.get(name) ?? []);
    const full = queues.find(({ messages }) => messages.length >= LONGEST_QUEUE);
    if (full)
      throw new MessageDeliveryFailure(`The queue ${full.name} holds ${LONGEST_QUEUE} messages that nobody reads`);
    for (const queue of queues) {
      queue.messages.push({ body, expires, expiration, returns: 0, position: this.published++ });
      this.pump(queue);
    }
    return queues.length > 0;
  }

  private pump(queue: Queue): void {
    while (queue.messages.length > 0) {
      const index = queue.consumers.findIndex((consumer) => consumer.unacknowledged < consumer.prefetch);
      const [consumer] = index < 0 ? [] : queue.consumers.splice(index, 1);
      if (!consumer) return;
      // To the end of the row: the next message goes to the next consumer.
      queue.consumers.push(consumer);
      const message = queue.messages.shift();
      if (!message || message.expires < performance.now()) continue;
      consumer.unacknowledged++;
      setImmediate(consumer.deliver, this.delivery(queue, consumer, message));
    }
  }

  private delivery(queue: Queue, consumer: Consumer, message: Message): Delivery {
    let unsettled = true;
    const settle = () => {
      const first = unsettled;
      unsettled = false;
      if (first) consumer.unacknowledged--;
      return first;
    };
    return {
      body: message.body,
      read: () => message.body,
      queue: queue.name,
      returns: message.returns,
      redelivered: message.returns > 0,
      ...(message.expiration !== undefined && { expiration: message.expiration }),
      acknowledge: async () => {
        if (settle()) this.pump(queue);
        return true;
      },
      requeue: () => {
        if (!settle()) return;
        const next = queue.messages.findIndex(({ position }) => position > message.position);
        const returned = { ...message, returns: message.returns + 1 };
        queue.messages.splice(next < 0 ? queue.messages.length : next, 0, returned);
        this.pump(queue);
      },
    };
  }
}
