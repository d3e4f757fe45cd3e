import { type Backoff, backoffDelay } from '../../core/backoff.js';
import { Batch } from '../../core/batch.js';
import { toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { logAbout, notificationSubject } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import { type Notification, readNotification } from '../../core/notification.js';
import { TransientMap } from '../../core/transient-map.js';
import type { IncomingNotification, ReceiveNotifications, Subscription } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { Admission } from './admission.js';
import { ConcurrencyLimit, type InboxLoad, TASKS, type Task } from './concurrency-limit.js';
import { DeadLetters, type PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { DuplicateWindow } from './duplicate-window.js';
import type { Inbox } from './inbox.js';
import { type History, NotificationHistory } from './notification-history.js';
import { Pauses } from './pauses.js';
import { WorkLimit } from './work-limit.js';

/** Delay before a failed notification is requeued, from its second failure on. */
const REQUEUE_BACKOFF: Backoff = { first: 10, growth: 'doubling', cap: 1000 };

/** Returns the number of unacknowledged messages to allow: those in work, and a batch that is being gathered meanwhile. */
export function prefetchOf({ concurrency, batchSize }: Subscription): number {
  return (batchSize > 1 ? concurrency + 1 : concurrency) * batchSize;
}

/** Notification in work. Has several deliveries when a lost channel delivered it again meanwhile; all are settled alike. */
interface Item extends IncomingNotification {
  readonly id: string;
  readonly deliveries: Delivery[];
  readonly history: History;
  /** Share of the work limit that is returned when the notification is settled. */
  taken: number;
}

/**
 * Notifications of a listener between the broker and the endpoints. Gathers them into batches and acknowledges those that
 * are finished. Requeues failed ones with a growing delay, and dead-letters those that fail too often or cannot be read.
 */
export class NotificationInbox implements Inbox {
  private readonly concurrencyLimit: ConcurrencyLimit<Task>;
  private readonly finished: DuplicateWindow;
  private readonly histories: NotificationHistory;
  private readonly inWork = new TransientMap<string, Item>();
  private readonly pauses = new Pauses();
  private readonly deadLetters: DeadLetters;
  private readonly admission: Admission;
  private readonly batch: Batch<Item>;
  private open = true;

  constructor(
    private readonly context: DriverContext,
    subscription: Subscription,
    private readonly receive: ReceiveNotifications,
    deadLetter: PublishDeadLetter,
  ) {
    const { limits, logger } = context.settings;
    this.concurrencyLimit = new ConcurrencyLimit(subscription.concurrency, logger, TASKS);
    this.batch = new Batch(subscription.batchSize, subscription.batchTimeout, (items) =>
      this.schedule(items, () => this.process(items)),
    );
    this.admission = new Admission(
      new WorkLimit(limits, prefetchOf(subscription)),
      (delivery, taken) => this.accept(delivery, taken),
      (full) => {
        // An incomplete batch would keep its share of the work limit, and so would never be completed.
        if (full) this.batch.flush();
        subscription.onFull?.(full);
      },
    );
    this.finished = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.histories = new NotificationHistory(limits.duplicateWindow);
    this.deadLetters = new DeadLetters(context, 'notification', deadLetter, this.pauses);
  }

  /** Number of batches in work. */
  get busy(): number {
    return this.concurrencyLimit.taken;
  }

  /** Number of slots, and of batches that wait for one. */
  get load(): InboxLoad {
    const { limit, pending } = this.concurrencyLimit;
    return { slots: limit, waitingForSlot: pending };
  }

  /** Accepts a delivery from the broker. */
  push(delivery: Delivery): void {
    if (delivery.redelivered) this.context.counters.count('redelivered');
    this.admission.push(delivery);
  }

  /**
   * Starts no further work, and returns unstarted notifications to their queues.
   * @param graceful true to handle an incomplete batch instead of returning it
   */
  close(graceful: boolean): void {
    if (!this.open) return;
    if (graceful) this.batch.flush();
    this.open = false;
    for (const delivery of this.admission.close()) delivery.release();
    this.release(this.batch.clear());
    this.concurrencyLimit.close();
    this.pauses.close();
  }

  /** Closes, and resolves when the work in progress has ended or the time is over. */
  async drain(milliseconds: number): Promise<void> {
    this.close(milliseconds > 0);
    await this.concurrencyLimit.drain(milliseconds);
  }

  private accept(delivery: Delivery, taken: number): void {
    const { counters, settings } = this.context;
    let notification: Notification;
    try {
      notification = readNotification(delivery.read(settings.limits));
    } catch (error) {
      counters.count('refusedMessages');
      this.concurrencyLimit.add({
        start: () => this.refuse(delivery, toError(error).message),
        abandon: () => delivery.release(),
      });
      this.admission.giveBack(taken);
      return;
    }
    const { uniqueId } = notification;
    const known = uniqueId === undefined ? undefined : this.inWork.get(uniqueId);
    if (!known && (uniqueId === undefined || !this.finished.has(uniqueId))) {
      this.begin(notification, delivery, taken);
      return;
    }
    if (known) known.deliveries.push(delivery);
    else {
      counters.count('duplicates');
      const text = `Dropped a duplicate of notification ${oneLine(uniqueId ?? '', 64)}`;
      logAbout(settings.logger, 'warn', notificationSubject([notification], delivery.queue), text);
      void delivery.acknowledge();
    }
    this.admission.giveBack(taken);
  }

  /** A notification without a `_unique_id` is never a duplicate. */
  private begin(notification: Notification, delivery: Delivery, taken: number): void {
    const { uniqueId: id = newId() } = notification;
    const history = this.histories.begin(notification, delivery);
    const { headers, queue } = delivery;
    const { finishedBy } = history;
    const item = { id, notification, headers, queue, deliveries: [delivery], history, finishedBy, taken };
    this.inWork.set(id, item);
    if (!this.open) this.release([item]);
    else if (history.deliveries > this.deadLetters.limitOf(delivery))
      this.schedule([item], async () => {
        if (this.isHeld(item)) await this.settle(item, 'never acknowledged');
      });
    else this.batch.add(item, this.admission.isFull);
  }

  private schedule(items: readonly Item[], start: () => Promise<void>): void {
    this.concurrencyLimit.add({ start, abandon: () => this.release(items) });
  }

  private async process(items: readonly Item[]): Promise<void> {
    const batch = items.filter((item) => this.isHeld(item));
    if (batch.length === 0) return;
    let failures: readonly (string | undefined)[];
    try {
      failures = await this.receive(batch);
    } catch (error) {
      failures = batch.map(() => toError(error).message);
    }
    const settling = batch.map((item, index) => {
      const failure = failures[index];
      return failure === undefined ? this.finish(item) : this.settle(item, failure);
    });
    await (settling.length === 1 ? settling[0] : Promise.all(settling));
  }

  /** Returns false for an unstarted notification that the broker has revoked, and forgets it. */
  private isHeld(item: Item): boolean {
    if (!item.deliveries.every(({ revoked }) => revoked)) return true;
    this.requeue(item);
    return false;
  }

  /** Requeues a failed notification, or dead-letters it when it has failed too often. */
  private async settle(item: Item, failure: string): Promise<void> {
    const { deliveries } = item.history;
    const [delivery] = item.deliveries;
    if (!delivery || deliveries < this.deadLetters.limitOf(delivery)) {
      this.requeueLater(item, deliveries);
      return;
    }
    await this.deadLetters.publish({
      delivery,
      reason: `delivered ${deliveries} times: ${failure}`,
      deliveries,
      subject: notificationSubject([item.notification], delivery.queue),
      // Not marked as finished: an operator who moves it back wants it processed.
      published: () => this.acknowledge(item),
      abandoned: () => this.release([item]),
    });
  }

  private refuse(delivery: Delivery, reason: string): Promise<void> {
    return this.deadLetters.publish({
      delivery,
      reason,
      deliveries: delivery.returns + 1,
      published: () => void delivery.acknowledge(),
      abandoned: () => delivery.release(),
    });
  }

  /** When the channel is lost before the acknowledgement, the notification is delivered again and dropped as a duplicate. */
  private finish(item: Item): Promise<unknown> | true {
    if (item.notification.uniqueId !== undefined) this.finished.add(item.id);
    this.histories.forget(item.history.key);
    return this.acknowledge(item);
  }

  private acknowledge(item: Item): Promise<unknown> | true {
    const { id, deliveries } = item;
    this.inWork.remove(id);
    this.giveBack(item);
    const acknowledging = deliveries.map((delivery) => delivery.acknowledge());
    return acknowledging[0] && acknowledging.length === 1 ? acknowledging[0] : Promise.all(acknowledging);
  }

  /** Requeues at once after the first delivery, then with a growing delay, so that a failing endpoint is no hot loop. */
  private requeueLater(item: Item, deliveries: number): void {
    if (deliveries < 2) this.requeue(item);
    else this.pauses.begin(backoffDelay(REQUEUE_BACKOFF, deliveries - 2), () => this.requeue(item));
  }

  private requeue(item: Item): void {
    for (const delivery of this.letGo(item)) delivery.requeue();
  }

  /** Returns unstarted notifications to their queues. */
  private release(items: readonly Item[]): void {
    for (const item of items) for (const delivery of this.letGo(item)) delivery.release();
  }

  private letGo(item: Item): readonly Delivery[] {
    this.inWork.remove(item.id);
    this.histories.keep(item.history);
    this.giveBack(item);
    return item.deliveries;
  }

  private giveBack(item: Item): void {
    const { taken } = item;
    // Settled once only, however many deliveries it has.
    item.taken = 0;
    this.admission.giveBack(taken);
  }
}
