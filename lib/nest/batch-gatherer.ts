import { newScope } from '../core/async-scope.js';
import { Batch } from '../core/batch.js';

interface Waiting<Item, Outcome> {
  readonly item: Item;
  settle(outcome: Promise<Outcome>): void;
}

/** Longest wait for a batch after the close. Other handlers may still work on its last items. */
const CLOSED_TIMEOUT_MS = 10;

/** Gathers items and has them handled in batches. An item settles as its batch does. */
export class BatchGatherer<Item, Outcome> {
  private readonly batch: Batch<Waiting<Item, Outcome>>;
  /** Number of listeners that have reached their concurrency. */
  private fullListeners = 0;

  /** @param timeout milliseconds that an incomplete batch waits, from its first item on. Undefined: it waits until it is complete */
  constructor(
    size: number,
    timeout: number | undefined,
    private readonly handle: (items: readonly Item[]) => Promise<Outcome>,
  ) {
    this.batch = new Batch(size, timeout, (waiting) => this.handleAll(waiting));
  }

  /** Adds an item. The result settles as the batch does. */
  add(item: Item): Promise<Outcome> {
    return new Promise((settle) => {
      this.batch.add({ item, settle }, this.fullListeners > 0);
    });
  }

  /** Reports that a listener is full, or no longer. While one is full, incomplete batches are handled at once, since nothing could complete them. */
  press(full: boolean): void {
    this.fullListeners += full ? 1 : -1;
    if (full) this.batch.flush();
  }

  /**
   * Handles the gathered items as one batch. A few more items may arrive afterwards.
   * @param graceful false to drop the items instead, which the broker then delivers again
   */
  close(graceful: boolean): void {
    if (graceful) {
      this.batch.timeout = Math.min(this.batch.timeout ?? CLOSED_TIMEOUT_MS, CLOSED_TIMEOUT_MS);
      this.batch.flush();
      return;
    }
    this.batch.clear();
    this.batch.timeout = undefined;
  }

  private handleAll(batch: readonly Waiting<Item, Outcome>[]): void {
    const items = batch.map(({ item }) => item);
    // The batch must not run in the async context of its last item.
    const outcome = newScope().runInAsyncScope(() => this.handle(items));
    for (const { settle } of batch) settle(outcome);
  }
}
