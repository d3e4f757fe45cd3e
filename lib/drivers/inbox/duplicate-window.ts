/**
 * Ids that were seen not long ago: in the last window of time or, where there were too many, the newest. Two sets that
 * take turns, because a cache that puts every entry in order costs ten times as much, for each message.
 */
export class DuplicateWindow {
  private current = new Set<string>();
  private previous = new Set<string>();
  private turned = performance.now();

  /**
   * @param limit the fewest ids that are remembered where there are too many, and half of the most
   * @param time milliseconds for which one is remembered at least, where there are not
   */
  constructor(
    private readonly limit: number,
    private readonly time: number,
  ) {}

  has(id: string): boolean {
    return this.current.has(id) || this.previous.has(id);
  }

  /** Remembers it. False when it was there already. */
  add(id: string): boolean {
    const now = performance.now();
    if (this.current.size >= this.limit || now - this.turned >= this.time) {
      this.previous = this.current;
      this.current = new Set();
      this.turned = now;
    }
    if (this.previous.has(id)) return false;
    // One look-up tells, and adds: where there are many ids, each is a good part of what a small call costs.
    const { size } = this.current;
    return this.current.add(id).size > size;
  }
}
