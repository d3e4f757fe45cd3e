import { newScope } from '../../core/async-scope.js';
import { nextTurn, soon } from '../../core/real-time.js';
import type { TransportURL } from '../../core/transport-url.js';
import type { DriverContext } from '../driver-context.js';
import { AbortedCalls } from '../inbox/aborted-calls.js';
import { Cancellations } from '../inbox/cancellations.js';
import type { PendingCall } from '../inbox/pending-calls.js';
import { Backlog } from './backlog.js';
import type { MemoryDelivery, MemoryMessage, Reading } from './memory-delivery.js';
import { type Consuming, MemoryQueue } from './memory-queue.js';
import type { MemoryTap } from './memory-tap.js';
import { Outage } from './outage.js';
import type { PassedMessage } from './passed-message.js';

/** Maximum number of deliveries in microtasks before timers and sockets get their turn. */
const MAX_DELIVERIES_PER_TURN = 128;
const NO_QUEUES: readonly MemoryQueue[] = [];

/** Broker within one process: queues, bindings and consumers. */
export class MemoryBroker {
  private static readonly brokers = new Map<string, MemoryBroker>();
  readonly backlog = new Backlog();
  readonly outage = new Outage();
  /** Requests that run, and that their callers can cancel. */
  readonly cancellations = new Cancellations(({ msgId }) => this.cancelIfAborted(msgId), 0);
  private readonly abortedCalls = new AbortedCalls();
  /** Set by a test, before the first transport joins. */
  tap: MemoryTap | undefined;
  private readonly queues = new Map<string, MemoryQueue>();
  /** Queues by exchange and routing key. */
  private readonly bindings = new Map<string, Map<string, MemoryQueue[]>>();
  private users = 0;
  private published = 0;
  private due: MemoryDelivery[] = [];
  private delivered = 0;

  /**
   * Returns the broker of a URL: of its hosts and virtual host. Transports with equal names share it; it is deleted when the
   * last one closes.
   */
  static join({ hosts, virtualHost }: Pick<TransportURL, 'hosts' | 'virtualHost'>): MemoryBroker {
    const names = hosts.map(({ hostname, port }) => (port === undefined ? hostname : `${hostname}:${port}`));
    const name = `${names.join(',').toLowerCase()}/${virtualHost}`;
    const broker = MemoryBroker.brokers.get(name) ?? new MemoryBroker(name);
    MemoryBroker.brokers.set(name, broker);
    broker.users++;
    return broker;
  }

  private constructor(private readonly name: string) {}

  /** Deletes the broker with its messages when the last transport leaves. */
  leave(): void {
    if (--this.users > 0) return;
    MemoryBroker.brokers.delete(this.name);
    for (const queue of this.queues.values()) queue.delete();
    this.queues.clear();
    this.bindings.clear();
  }

  /** Declares a queue, unless it exists. */
  declare(name: string): void {
    if (this.queues.has(name)) return;
    const queue = new MemoryQueue(name, this.backlog, (delivery) => this.schedule(delivery));
    if (this.outage.isOn) queue.suspend();
    this.queues.set(name, queue);
  }

  /** Binds a queue to an exchange. @throws Error when the queue does not exist */
  bind(exchange: string, key: string, queueName: string): void {
    const keys = this.bindings.get(exchange) ?? new Map<string, MemoryQueue[]>();
    this.bindings.set(exchange, keys);
    const bound = keys.get(key) ?? [];
    keys.set(key, bound);
    const queue = this.queueOf(queueName);
    if (!bound.includes(queue)) bound.push(queue);
  }

  /** Deletes a queue, its messages and its bindings. */
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

  /** Starts a consumer on a queue. @throws Error when the queue does not exist */
  consume(name: string, reading: Reading): Consuming {
    return this.queueOf(name).consume(reading);
  }

  /** Returns the number of messages that wait in a queue. */
  lengthOf(name: string): number {
    const queue = this.queues.get(name);
    queue?.dropExpired();
    return queue?.length ?? 0;
  }

  /** Returns true where a queue is bound for the route. */
  isBound(exchange: string, key: string): boolean {
    return exchange === '' ? this.queues.has(key) : this.bindings.get(exchange)?.has(key) === true;
  }

  /**
   * Publishes a message. Returns false when no queue is bound for it.
   * @param context the publisher's; its settings hold the limits
   * @param again content of the redelivery after an acknowledgement that is lost; undefined to lose none
   * @throws MessageDeliveryFailure when a queue is at its limit
   */
  publish(
    context: DriverContext,
    exchange: string,
    key: string,
    content: PassedMessage,
    expires = Number.POSITIVE_INFINITY,
    again?: PassedMessage,
  ): boolean {
    if (exchange === '') {
      const queue = this.queues.get(key);
      return queue !== undefined && this.publishTo(context, [queue], content, expires, again);
    }
    return this.publishTo(context, this.bindings.get(exchange)?.get(key) ?? NO_QUEUES, content, expires, again);
  }

  /** Cancels the request of a call that was given up: now, or when its handler asks. */
  cancel(call: PendingCall, why: unknown): void {
    this.abortedCalls.add(call, why);
    // The handler must not run before the caller has finished.
    soon(() => this.cancelIfAborted(call.msgId));
  }

  /** Begins or ends an outage: queues deliver nothing, and unacknowledged messages return to them. */
  interrupt(on: boolean): void {
    if (on === this.outage.isOn) return;
    this.outage.set(on);
    for (const queue of this.queues.values()) if (on) queue.suspend();
    if (!on) for (const queue of this.queues.values()) queue.resume();
  }

  /** Returns the messages that are being delivered, are unacknowledged, or wait in a queue with consumers. */
  unsettled(): MemoryMessage[] {
    const queued = [...this.queues.values()].flatMap((queue) => queue.unsettled());
    return [...this.due.map(({ message }) => message), ...queued];
  }

  /** Returns the number and size of the waiting messages, without expired ones. */
  waiting(): Pick<Backlog, 'messages' | 'bytes'> {
    for (const queue of this.queues.values()) queue.dropExpired();
    return this.backlog;
  }

  private cancelIfAborted(msgId: string): void {
    const reason = this.abortedCalls.reasonOf(msgId);
    if (reason !== undefined) this.cancellations.cancel(msgId, reason);
  }

  private publishTo(
    context: DriverContext,
    queues: readonly MemoryQueue[],
    content: PassedMessage,
    expires: number,
    again: PassedMessage | undefined,
  ): boolean {
    const { backlog } = this;
    // Checked before the message is added to any queue: it is published to all of them, or refused.
    for (const queue of queues)
      if (backlog.isAtLimit(queue, context.settings.limits) && !this.makeRoom(queue, context))
        throw backlog.refusal(queue, context);
    // A tap may publish the same content again.
    const sole = queues.length === 1 && this.tap === undefined;
    for (const queue of queues) {
      const message = { content, expires, returns: 0, sole, position: this.published++ };
      const waits = queue.push(again ? { ...message, again } : message);
      if (waits) backlog.warn(queue, context.settings);
    }
    return queues.length > 0;
  }

  /** Returns true when a queue at its limit can take a message after all: at once, or without the expired messages. */
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
   * Delivers in a later microtask, after the publisher has finished. Yields to the event loop from time to time, because
   * calls that follow each other would block it. The async context of the microtask belongs to no publisher.
   */
  private schedule(delivery: MemoryDelivery): void {
    if (this.due.push(delivery) > 1) return;
    if (this.delivered < MAX_DELIVERIES_PER_TURN) newScope().runInAsyncScope(soon, undefined, this.deliver);
    else {
      this.delivered = 0;
      newScope().runInAsyncScope(nextTurn, undefined, this.deliver);
    }
  }

  private readonly deliver = (): void => {
    const { due } = this;
    this.due = [];
    this.delivered += due.length;
    for (const delivery of due) delivery.deliver();
  };
}
