/**
 * Ids of recent messages: those of the last window of time or, when there are too many, the newest. Two sets take turns,
 * because a cache that orders its entries costs ten times as much per message.
 */
export class DuplicateWindow {
  private current = new Set<string>();
  private previous = new Set<string>();
  private turnedAt = performance.now();

  /**
   * @param limit number of newest ids that are always kept; at most twice as many are
   * @param time minimum time that an id is kept below that limit, in milliseconds
   */
  constructor(
    private readonly limit: number,
    private readonly time: number,
  ) {}

  /** Returns true for an id that was added before. */
  has(id: string): boolean {
    return this.current.has(id) || this.previous.has(id);
  }

  /** Adds an id. Returns false when it was there already. @param now time on the monotonic clock */
  add(id: string, now = performance.now()): boolean {
    if (this.current.size >= this.limit || now - this.turnedAt >= this.time) {
      this.previous = this.current;
      this.current = new Set();
      this.turnedAt = now;
    }
    if (this.previous.has(id)) return false;
    // Comparing sizes saves a look-up, which is a good part of the cost of a small call.
    const { size } = this.current;
    return this.current.add(id).size > size;
  }
}
