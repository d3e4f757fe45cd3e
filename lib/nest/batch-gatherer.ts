import { newScope } from '../core/async-scope.js';

interface Waiting<Item, Outcome> {
  readonly item: Item;
  settle(outcome: Promise<Outcome>): void;
}

/** Longest wait for a batch after the close, in milliseconds: for items that other handlers still worked on then. */
const CLOSED_TIMEOUT_MS = 10;

/** Gathers what comes one by one, and has it handled together; each one's outcome is that of its batch. */
export class BatchGatherer<Item, Outcome> {
  private waiting: Waiting<Item, Outcome>[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Listeners that have no room for more. */
  private pressing = 0;

  /** @param timeout milliseconds that an incomplete batch waits, from its first item on; undefined is for ever */
  constructor(
    private readonly size: number,
    private timeout: number | undefined,
    private readonly handle: (items: readonly Item[]) => Promise<Outcome>,
  ) {}

  /** Settles as its batch does. */
  add(item: Item): Promise<Outcome> {
    return new Promise((settle) => {
      this.waiting.push({ item, settle });
      if (this.pressing > 0 || this.waiting.length >= this.size) this.flush();
      else if (this.timeout !== undefined) this.timer ??= setTimeout(() => this.flush(), this.timeout);
    });
  }

  /** Has what is gathered handled at once, as long as a listener has no room for what would complete it. */
  press(full: boolean): void {
    this.pressing += full ? 1 : -1;
    if (full) this.flush();
  }

  /**
   * Has handled what has been gathered, as one batch. A few more may come that are on their way.
   * @param graceful whether there is time for that; else the broker delivers it again
   */
  close(graceful: boolean): void {
    if (graceful) {
      this.timeout = Math.min(this.timeout ?? CLOSED_TIMEOUT_MS, CLOSED_TIMEOUT_MS);
      this.flush();
      return;
    }
    clearTimeout(this.timer);
    this.waiting = [];
    this.timeout = undefined;
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting.splice(0);
    if (batch.length === 0) return;
    const items = batch.map(({ item }) => item);
    // The batch is no more that of its last item than that of the others.
    const outcome = newScope().runInAsyncScope(() => this.handle(items));
    for (const { settle } of batch) settle(outcome);
  }
}
