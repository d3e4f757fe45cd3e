/** Gathers single items into batches. A batch ends when it is complete, or when its timeout has passed. */
export class Batch<Item> {
  private items: Item[] = [];
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param size number of items of a complete batch
   * @param timeout time after the first item at which an incomplete batch ends, in milliseconds; undefined for never
   * @param handle called with each batch
   */
  constructor(
    private readonly size: number,
    public timeout: number | undefined,
    private readonly handle: (items: readonly Item[]) => void,
  ) {}

  /** Adds an item. @param end true to end the batch with this item, complete or not */
  add(item: Item, end = false): void {
    this.items.push(item);
    if (end || this.items.length >= this.size) this.flush();
    else if (this.timeout !== undefined) this.timer ??= setTimeout(() => this.flush(), this.timeout);
  }

  /** Ends the current batch now. Does nothing when it is empty. */
  flush(): void {
    const items = this.clear();
    if (items.length > 0) this.handle(items);
  }

  /** Removes and returns the items of the incomplete batch. */
  clear(): readonly Item[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    return this.items.splice(0);
  }
}
