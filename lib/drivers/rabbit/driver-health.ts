import { type ConsumedQueueHealth, type DriverStatus, type TransportHealth, worstOf } from '../../core/health.js';
import { Listeners } from '../../core/listeners.js';
import { type LogSink, oneLine } from '../../core/logger.js';
import { type InboxLoad, sumOfLoads } from '../inbox/concurrency-limit.js';
import type { RabbitConnection } from './connection/connection.js';
import { Outage } from './connection/outage.js';
import type { Standstill } from './connection/standstill.js';
import type { Consumer } from './consuming/consumer.js';

/** Consumers of a server or listener, and its number of messages in work. */
export interface Serving {
  readonly consumers: readonly Consumer[];
  readonly inbox: { readonly busy: number; readonly load: InboxLoad };
}

type WatchedHealth = Omit<
  TransportHealth,
  'pendingCalls' | 'pendingPublishes' | 'pendingPublishBytes' | 'queuedMessages' | 'queuedBytes' | 'counts'
>;

/** Health of a driver. Derives one status from its connections and consumers, and notifies listeners when it changes. */
export class DriverHealth {
  private readonly servings = new Set<Serving>();
  private replies: Consumer | undefined;
  private readonly listeners: Listeners<DriverStatus>;
  private readonly outage: Outage;
  private lastStatus: DriverStatus = 'idle';
  private lastError: TransportHealth['lastError'];

  constructor(
    private readonly publishing: RabbitConnection,
    private readonly consuming: RabbitConnection,
    private readonly standstill: Standstill,
    logger: LogSink,
  ) {
    this.listeners = new Listeners('status', logger);
    this.outage = new Outage([publishing, consuming], logger);
    for (const connection of [publishing, consuming]) this.follow(connection);
    standstill.onChange = (error) => this.changed(error);
  }

  /** Includes the errors of a connection. */
  follow(connection: RabbitConnection): void {
    // A loss that is reported otherwise is no news.
    connection.onStatus(() => this.changed(connection.isOut ? connection.lastError : undefined));
    connection.onTrouble = (error) => this.changed(error);
  }

  /** Includes the queues of a server or listener. Returns a function that ends this. */
  watch(serving: Serving): () => void {
    this.servings.add(serving);
    for (const consumer of serving.consumers) this.watchConsumer(consumer);
    return () => {
      this.servings.delete(serving);
      this.changed();
    };
  }

  watchReplies(replies: Consumer): void {
    if (this.replies === replies) return;
    this.replies = replies;
    this.watchConsumer(replies);
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.listeners.add(listener, this.lastStatus);
  }

  read(): WatchedHealth {
    const consumers = this.consumers.flatMap(healthOf);
    return {
      status: this.status,
      publishing: this.publishing.status,
      consuming: this.consuming.status,
      consumers,
      replyQueue: this.replies && healthOf(this.replies)[0],
      lastError: this.lastError,
      inWork: [...this.servings].reduce((sum, { inbox }) => sum + inbox.busy, 0),
      ...sumOfLoads([...this.servings].map(({ inbox }) => inbox.load)),
      blockedSeconds: this.publishing.blockedTime / 1000,
    };
  }

  private get consumers(): Consumer[] {
    return [...this.servings].flatMap(({ consumers }) => consumers);
  }

  private get attachedQueues(): number {
    const all = this.replies ? [...this.consumers, this.replies] : this.consumers;
    return all.flatMap(healthOf).filter(({ attached }) => attached).length;
  }

  private get status(): DriverStatus {
    const consuming = this.consuming.status;
    const consumers = this.replies ? [...this.consumers, this.replies] : this.consumers;
    const attached = consuming === 'connected' ? consumers.map(({ status }) => status) : [];
    return worstOf([this.publishing.status, consuming, ...this.confirming, ...attached]);
  }

  /** Status because of a node that confirms nothing, if there is one. */
  private get confirming(): DriverStatus[] {
    const { isLasting, isOpen } = this.standstill;
    if (!isOpen) return [];
    return [isLasting ? 'connecting' : 'degraded'];
  }

  private watchConsumer(consumer: Consumer): void {
    consumer.onChange = (error) => this.changed(error);
    this.changed();
  }

  private changed(error?: Error): void {
    if (error) this.lastError = { message: oneLine(error.message), at: new Date() };
    const { status } = this;
    this.outage.follow(status, () => this.attachedQueues);
    if (status === this.lastStatus) return;
    this.lastStatus = status;
    this.listeners.emit(status);
  }
}

function healthOf({ names, attached }: Consumer): ConsumedQueueHealth[] {
  return [...new Set(names)].map((queue) => ({ queue, attached }));
}
