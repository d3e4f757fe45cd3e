import { newScope } from '../../core/async-scope.js';
import type { DriverContext } from '../driver-context.js';
import { Backlog } from './backlog.js';
import type { MemoryDelivery } from './memory-delivery.js';
import { type Consuming, MemoryQueue, type Reading } from './memory-queue.js';
import type { PassedMessage } from './passed-message.js';

/** So many deliveries may follow each other before timers and sockets have their turn. */
const MOST_AT_ONCE = 128;
const NO_QUEUES: readonly MemoryQueue[] = [];

/** Queues, bindings and consumers within one process, as a broker has them. */
export class MemoryBroker {
  private static readonly brokers = new Map<string, MemoryBroker>();
  readonly backlog = new Backlog();
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

  /** Lets go of the messages when the last user leaves: a transport that somebody still holds also holds the broker. */
  leave(): void {
    if (--this.users > 0) return;
    MemoryBroker.brokers.delete(this.name);
    for (const queue of this.queues.values()) queue.delete();
    this.queues.clear();
    this.bindings.clear();
  }

  declare(name: string): void {
    if (this.queues.has(name)) return;
    this.queues.set(name, new MemoryQueue(name, this.backlog, (delivery) => this.schedule(delivery)));
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
    this.queues.get(name)?.delete();
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

  consume(name: string, reading: Reading): Consuming {
    return this.queueOf(name).consume(reading);
  }

  /**
   * @param context the publisher's, whose settings hold the limits
   * @returns whether any queue took the message
   * @throws MessageDeliveryFailure when a queue is at its limit
   */
  publish(
    context: DriverContext,
    exchange: string,
    key: string,
    content: PassedMessage,
    expires = Number.POSITIVE_INFINITY,
  ): boolean {
    if (exchange === '') {
      const queue = this.queues.get(key);
      return queue !== undefined && this.publishTo(context, [queue], content, expires);
    }
    return this.publishTo(context, this.bindings.get(exchange)?.get(key) ?? NO_QUEUES, content, expires);
  }

  /** Waiting messages, without those whose callers gave up. */
  waiting(): Pick<Backlog, 'messages' | 'bytes'> {
    for (const queue of this.queues.values()) queue.dropExpired();
    return this.backlog;
  }

  private publishTo(
    context: DriverContext,
    queues: readonly MemoryQueue[],
    content: PassedMessage,
    expires: number,
  ): boolean {
    const { backlog } = this;
    // Before any of them takes it: a message is published to all, or refused.
    for (const queue of queues)
      if (backlog.isAtLimit(queue, context.settings.limits) && !this.makeRoom(queue, context))
        throw backlog.refusal(queue, context);
    const sole = queues.length === 1;
    for (const queue of queues) {
      const waits = queue.push({ content, expires, returns: 0, sole, position: this.published++ });
      if (waits) backlog.warn(queue, context.settings);
    }
    return queues.length > 0;
  }

  /** Returns whether a queue at its limit can take a message all the same. */
  private makeRoom(queue: MemoryQueue, { settings: { limits } }: DriverContext): boolean {
    if (queue.isOpen) return true;
    for (const each of this.queues.values()) each.dropAllExpired();
    return !this.backlog.isAtLimit(queue, limits);
  }

  private queueOf(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }

  /**
   * Nothing is delivered before whoever published it is done; and not all at once, as calls that follow each other would
   * keep the event loop from turning. The tick is not the publisher's: others publish in it, too.
   */
  private schedule(delivery: MemoryDelivery): void {
    if (this.due.push(delivery) > 1) return;
    if (this.delivered < MOST_AT_ONCE) newScope().runInAsyncScope(queueMicrotask, undefined, this.deliver);
    else {
      this.delivered = 0;
      newScope().runInAsyncScope(setImmediate, undefined, this.deliver);
    }
  }

  private readonly deliver = (): void => {
    const { due } = this;
    this.due = [];
    this.delivered += due.length;
    for (const delivery of due) delivery.hand();
  };
}
