import { MessageDeliveryFailure } from '../../core/errors.js';
import { type MemoryDelivery, MemoryQueue, type Reading } from './memory-queue.js';
import type { PassedMessage } from './passed-message.js';

/** A queue that nobody reads is refused further messages at this length. */
const LONGEST_QUEUE = 100_000;
/** So many deliveries may follow each other before timers and sockets have their turn. */
const MOST_AT_ONCE = 128;
const NO_QUEUES: readonly MemoryQueue[] = [];

/** Queues, bindings and consumers within one process, as a broker has them. */
export class MemoryBroker {
  private static readonly brokers = new Map<string, MemoryBroker>();
  private readonly queues = new Map<string, MemoryQueue>();
  /** By exchange and key. */
  private readonly bindings = new Map<string, Map<string, MemoryQueue[]>>();
  private users = 0;
  private published = 0;
  private due: MemoryDelivery[] = [];
  private delivered = 0;

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
    if (!this.queues.has(name)) this.queues.set(name, new MemoryQueue(name, (delivery) => this.schedule(delivery)));
  }

  bind(exchange: string, key: string, queueName: string): void {
    const keys = this.bindings.get(exchange) ?? new Map<string, MemoryQueue[]>();
    this.bindings.set(exchange, keys);
    const bound = keys.get(key) ?? [];
    keys.set(key, bound);
    const queue = this.queueOf(queueName);
    if (!bound.includes(queue)) bound.push(queue);
  }

  delete(name: string): void {
    this.queues.delete(name);
    for (const [exchange, keys] of this.bindings) {
      for (const [key, bound] of keys) {
        const left = bound.filter((queue) => queue.name !== name);
        if (left.length > 0) keys.set(key, left);
        else keys.delete(key);
      }
      if (keys.size === 0) this.bindings.delete(exchange);
    }
  }

  /** @returns what ends it; unacknowledged messages are the consumer's to finish, or to put back */
  consume(name: string, reading: Reading): () => void {
    return this.queueOf(name).consume(reading);
  }

  /**
   * @returns whether any queue took the message
   * @throws MessageDeliveryFailure when a queue is full
   */
  publish(exchange: string, key: string, content: PassedMessage, expires = Number.POSITIVE_INFINITY): boolean {
    if (exchange === '') {
      const queue = this.queues.get(key);
      return queue !== undefined && this.publishTo([queue], content, expires);
    }
    return this.publishTo(this.bindings.get(exchange)?.get(key) ?? NO_QUEUES, content, expires);
  }

  private publishTo(queues: readonly MemoryQueue[], content: PassedMessage, expires: number): boolean {
    for (const { length, name } of queues) {
      if (length >= LONGEST_QUEUE)
        throw new MessageDeliveryFailure(`The queue ${name} holds ${LONGEST_QUEUE} messages that nobody reads`);
    }
    const sole = queues.length === 1;
    for (const queue of queues) queue.push({ content, expires, returns: 0, sole, position: this.published++ });
    return queues.length > 0;
  }

  private queueOf(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }

  /** Nothing is delivered before whoever published it is done; and not all at once, as calls that follow each other would keep the event loop from turning. */
  private schedule(delivery: MemoryDelivery): void {
    if (this.due.push(delivery) > 1) return;
    if (this.delivered < MOST_AT_ONCE) queueMicrotask(() => this.deliver());
    else {
      this.delivered = 0;
      setImmediate(() => this.deliver());
    }
  }

  private deliver(): void {
    const { due } = this;
    this.due = [];
    this.delivered += due.length;
    for (const delivery of due) delivery.hand();
  }
}
