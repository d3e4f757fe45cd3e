import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Backoff, backoffDelay } from '../../core/backoff.js';
import { toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { oneLine } from '../../core/logger.js';
import { type Notification, readNotification } from '../../core/notification.js';
import type { IncomingNotification, ReceiveNotifications, Subscription } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { Admission } from './admission.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { DeadLetters, type PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { DuplicateWindow } from './duplicate-window.js';
import { Pauses } from './pauses.js';
import { WorkLimit } from './work-limit.js';

/** Delay before a notification is requeued that has failed more than once. */
const REQUEUE_BACKOFF: Backoff = { first: 10, growth: 'doubling', cap: 1000 };

/** For how long, in milliseconds, failed deliveries are remembered. */
const HISTORY_TTL = 10 * 60_000;

/** Messages that the broker may hand over unacknowledged: those in work, and a batch that gathers meanwhile. */
export function prefetchOf({ concurrency, batchSize }: Subscription): number {
  return (batchSize > 1 ? concurrency + 1 : concurrency) * batchSize;
}

/** What is known of a notification from its earlier deliveries. */
interface History {
  deliveries: number;
  readonly finishedBy: Set<unknown>;
}

/** A notification in work. A lost channel brings it again meanwhile: then it has several deliveries, and still one fate. */
interface Item extends IncomingNotification {
  readonly id: string;
  /** By which its history is found again, even where it has no id. */
  readonly key: string;
  readonly deliveries: Delivery[];
  readonly history: History;
  /** Room that it takes in work. */
  taken: number;
}

/** Notifications that are settled together, or a message that is none, when a slot is free. */
interface Task {
  start(): Promise<void>;
  abandon(): void;
}

/**
 * A listener's notifications between the broker and the endpoints: gathered into batches, acknowledged when they are
 * done with, put back with growing pauses when they are not, and set aside when that goes on or they cannot be read.
 */
export class NotificationInbox {
  private readonly concurrencyLimit: ConcurrencyLimit<Task>;
  private readonly finished: DuplicateWindow;
  private readonly histories: LRUCache<string, History>;
  private readonly inWork = new Map<string, Item>();
  private readonly pauses = new Pauses();
  private readonly deadLetters: DeadLetters;
  private readonly admission: Admission;
  private batch: Item[] = [];
  private batchTimer: NodeJS.Timeout | undefined;
  private open = true;

  constructor(
    private readonly context: DriverContext,
    private readonly subscription: Subscription,
    private readonly receive: ReceiveNotifications,
    deadLetter: PublishDeadLetter,
  ) {
    const { limits, logger } = context.settings;
    this.concurrencyLimit = new ConcurrencyLimit(subscription.concurrency, logger, {
      start: (task) => task.start(),
      abandon: (task) => task.abandon(),
    });
    this.admission = new Admission(
      new WorkLimit(limits, prefetchOf(subscription)),
      (delivery, taken) => this.accept(delivery, taken),
      (full) => {
        // What gathers would keep its room for ever.
        if (full) this.flush();
        subscription.onFull?.(full);
      },
    );
    this.finished = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.histories = new LRUCache({ max: limits.duplicateWindow, ttl: HISTORY_TTL, ttlResolution: 1000 });
    this.deadLetters = new DeadLetters(context, 'notification', deadLetter, this.pauses);
  }

  /** How much is in work. */
  get busy(): number {
    return this.concurrencyLimit.taken;
  }

  /** Takes a message off the wire. */
  push(delivery: Delivery): void {
    this.admission.push(delivery);
  }

  private accept(delivery: Delivery, taken: number): void {
    let notification: Notification;
    try {
      notification = readNotification(delivery.read(this.context.settings.limits));
    } catch (error) {
      this.context.counters.count('refusedMessages');
      this.concurrencyLimit.add({
        start: () => this.refuse(delivery, toError(error).message),
        abandon: () => delivery.release(),
      });
      this.admission.giveBack(taken);
      return;
    }
    const { uniqueId } = notification;
    const twin = uniqueId === undefined ? undefined : this.inWork.get(uniqueId);
    if (!twin && (uniqueId === undefined || !this.finished.has(uniqueId))) {
      this.begin(notification, delivery, taken);
      return;
    }
    if (twin) twin.deliveries.push(delivery);
    else {
      this.context.counters.count('duplicates');
      this.context.settings.logger.warn(`Dropped a duplicate of notification ${oneLine(uniqueId ?? '', 64)}`);
      void delivery.acknowledge();
    }
    this.admission.giveBack(taken);
  }

  /**
   * Starts nothing new, and puts back what has not begun.
   * @param graceful whether an incomplete batch is handled, as one, instead of being put back
   */
  close(graceful: boolean): void {
    if (!this.open) return;
    if (graceful && this.batch.length > 0) this.flush();
    this.open = false;
    clearTimeout(this.batchTimer);
    for (const delivery of this.admission.close()) delivery.release();
    this.release(...this.batch.splice(0));
    this.concurrencyLimit.close();
    this.pauses.close();
  }

  /** Closes; resolves when all that runs is done with, or after the time. */
  async drain(milliseconds: number): Promise<void> {
    this.close(milliseconds > 0);
    await this.concurrencyLimit.drain(milliseconds);
  }

  /** Begins with a notification. One without a `_unique_id` is never a duplicate; its retry history is keyed by a hash of the body. */
  private begin(notification: Notification, delivery: Delivery, taken: number): void {
    const { uniqueId: id = newId() } = notification;
    const key = notification.uniqueId ?? createHash('sha256').update(delivery.body).digest('base64');
    // What somebody moved back from the dead-letter queue begins anew.
    const known = delivery.repeated ? this.histories.get(key) : undefined;
    if (!known && notification.uniqueId !== undefined && this.histories.size > 0) this.histories.delete(key);
    const history = known ?? { deliveries: 0, finishedBy: new Set() };
    history.deliveries = Math.max(history.deliveries, delivery.returns) + 1;
    const item = { id, key, notification, deliveries: [delivery], history, finishedBy: history.finishedBy, taken };
    this.inWork.set(id, item);
    if (!this.open) this.release(item);
    else if (history.deliveries > this.deadLetters.limitOf(delivery))
      this.schedule([item], async () => {
        if (this.isHeld(item)) await this.settle(item, 'never acknowledged');
      });
    else this.gather(item);
  }

  private gather(item: Item): void {
    this.batch.push(item);
    const { batchSize, batchTimeout } = this.subscription;
    if (this.batch.length >= batchSize || this.admission.isFull) this.flush();
    else if (batchTimeout !== undefined) this.batchTimer ??= setTimeout(() => this.flush(), batchTimeout);
  }

  private flush(): void {
    clearTimeout(this.batchTimer);
    this.batchTimer = undefined;
    const batch = this.batch.splice(0);
    if (batch.length > 0) this.schedule(batch, () => this.process(batch));
  }

  private schedule(items: readonly Item[], start: () => Promise<void>): void {
    this.concurrencyLimit.add({ start, abandon: () => this.release(...items) });
  }

  private async process(items: readonly Item[]): Promise<void> {
    const batch = items.filter((item) => this.isHeld(item));
    if (batch.length === 0) return;
    let refusals: readonly (string | undefined)[];
    try {
      refusals = await this.receive(batch);
    } catch (error) {
      refusals = batch.map(() => toError(error).message);
    }
    const settling = batch.map((item, index) => {
      const refusal = refusals[index];
      return refusal === undefined ? this.finish(item) : this.settle(item, refusal);
    });
    await (settling.length === 1 ? settling[0] : Promise.all(settling));
  }

  /** Forgets an item that the broker has taken back before it was begun. */
  private isHeld(item: Item): boolean {
    if (!item.deliveries.every(({ revoked }) => revoked)) return true;
    this.putBack(item);
    return false;
  }

  private async settle(item: Item, refusal: string): Promise<void> {
    const { deliveries } = item.history;
    const [delivery] = item.deliveries;
    if (!delivery || deliveries < this.deadLetters.limitOf(delivery)) {
      this.afterPause(deliveries, () => this.putBack(item));
      return;
    }
    await this.deadLetters.take({
      delivery,
      reason: `delivered ${deliveries} times: ${refusal}`,
      deliveries,
      // It is not finished: whoever moves it back wants it processed.
      kept: () => this.acknowledge(item),
      stopped: () => this.release(item),
    });
  }

  private refuse(delivery: Delivery, reason: string): Promise<void> {
    return this.deadLetters.take({
      delivery,
      reason,
      deliveries: delivery.returns + 1,
      kept: () => void delivery.acknowledge(),
      stopped: () => delivery.release(),
    });
  }

  /** What cannot be acknowledged, because its channel is gone, comes again and is dropped as a duplicate. */
  private finish(item: Item): Promise<unknown> | true {
    if (item.notification.uniqueId !== undefined) this.finished.add(item.id);
    if (this.histories.size > 0) this.histories.delete(item.key);
    return this.acknowledge(item);
  }

  private acknowledge(item: Item): Promise<unknown> | true {
    const { id, deliveries } = item;
    this.inWork.delete(id);
    this.giveBack(item);
    const acknowledging = deliveries.map((delivery) => delivery.acknowledge());
    return acknowledging[0] && acknowledging.length === 1 ? acknowledging[0] : Promise.all(acknowledging);
  }

  private putBack(item: Item): void {
    for (const delivery of this.letGo(item)) delivery.requeue();
  }

  /** For what has not begun. */
  private release(...items: readonly Item[]): void {
    for (const item of items) for (const delivery of this.letGo(item)) delivery.release();
  }

  private letGo(item: Item): readonly Delivery[] {
    this.inWork.delete(item.id);
    this.histories.set(item.key, item.history);
    this.giveBack(item);
    return item.deliveries;
  }

  /** Once. */
  private giveBack(item: Item): void {
    const { taken } = item;
    item.taken = 0;
    this.admission.giveBack(taken);
  }

  /** Ends at once after the first delivery, then later and later, so that a failing endpoint is no hot loop. */
  private afterPause(deliveries: number, end: () => void): void {
    if (deliveries < 2) end();
    else this.pauses.begin(backoffDelay(REQUEUE_BACKOFF, deliveries - 2), end);
  }
}
