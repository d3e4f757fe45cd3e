/** Number and size of messages that are kept in memory, with a maximum for both. */
export class BoundedTotal {
  private count = 0;
  private size = 0;

  /**
   * @param maxMessages maximum number of messages
   * @param maxBytes maximum size of all messages, in bytes
   */
  constructor(
    readonly maxMessages: number,
    readonly maxBytes: number,
  ) {}

  /** Number of messages. */
  get messages(): number {
    return this.count;
  }

  /** Size of all messages, in bytes. */
  get bytes(): number {
    return this.size;
  }

  /** Returns the maximum that one more message would exceed; undefined when it fits. */
  exceededBy(size: number): 'messages' | 'bytes' | undefined {
    if (this.count >= this.maxMessages) return 'messages';
    return this.size + size > this.maxBytes ? 'bytes' : undefined;
  }

  /** Adds a message of that size. Does not check the maximum. */
  add(size: number): void {
    this.count++;
    this.size += size;
  }

  /** Removes a message of that size. */
  remove(size: number): void {
    this.count--;
    this.size -= size;
  }
}
