import type { SeenMessage } from '../protocol.js';

/** Size of a message without its texts, in bytes. */
const BASE_BYTES = 400;

/** Latest messages, bounded in number and in memory. */
export class MessageRing {
  /** Sizes in bytes, the oldest message first. */
  private readonly messages = new Map<SeenMessage, number>();
  private bytes = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
  ) {}

  /** Adds a message. The oldest ones make room. */
  add(message: SeenMessage): void {
    this.measure(message);
  }

  /** Notes that a message has changed: a result or an error takes room, too. Does nothing for one that is no longer kept. */
  update(message: SeenMessage): void {
    if (this.messages.has(message)) this.measure(message);
  }

  /** Returns the messages, the oldest first. */
  all(): SeenMessage[] {
    return [...this.messages.keys()];
  }

  private measure(message: SeenMessage): void {
    const bytes = bytesOf(message);
    this.bytes += bytes - (this.messages.get(message) ?? 0);
    this.messages.set(message, bytes);
    for (const [oldest, size] of this.messages) {
      if (this.messages.size <= this.maxMessages && this.bytes <= this.maxBytes) return;
      this.messages.delete(oldest);
      this.bytes -= size;
    }
  }
}

/** Returns the size of a message in bytes, with two for each character. */
function bytesOf({ args, result, error, method, topic }: SeenMessage): number {
  const ofError = error ? error.message.length + error.traceback.reduce((sum, line) => sum + line.length, 0) : 0;
  return BASE_BYTES + 2 * (args.length + (result?.length ?? 0) + method.length + topic.length + ofError);
}
