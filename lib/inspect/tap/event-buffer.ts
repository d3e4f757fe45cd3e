/** Bounded queue between a producer that never waits and one asynchronous reader. */
export class EventBuffer<T> implements AsyncIterable<T> {
  private waiting: T[] = [];
  /** Index of the oldest waiting event. Shifting an array of thousands moves them all. */
  private first = 0;
  private isClosed = false;
  private wake: () => void = () => undefined;

  /**
   * @param size maximum number of waiting events
   * @param left called with the waiting events when the reader stops before the end
   */
  constructor(
    private readonly size: number,
    private readonly left: (events: readonly T[]) => void = () => undefined,
  ) {}

  /** Adds an event. Returns false when the buffer is full or closed. */
  push(event: T): boolean {
    if (this.isClosed || this.waiting.length - this.first >= this.size) return false;
    this.waiting.push(event);
    this.wake();
    return true;
  }

  /** Ends the iteration after the waiting events. */
  close(): void {
    this.isClosed = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    try {
      for (;;) {
        while (this.first < this.waiting.length) {
          const event = this.waiting[this.first++] as T;
          if (this.first > this.size) this.compact();
          yield event;
        }
        this.compact();
        if (this.isClosed) return;
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      this.isClosed = true;
      this.compact();
      this.left(this.waiting);
      this.waiting = [];
    }
  }

  private compact(): void {
    this.waiting = this.waiting.slice(this.first);
    this.first = 0;
  }
}
