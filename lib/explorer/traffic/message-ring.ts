import type { SeenMessage } from '../protocol.js';

/** Size of a message without its texts, in bytes. */
const BASE_BYTES = 400;

/** Latest messages, bounded in number and in memory. */
export class MessageRing {
  private readonly messages: { readonly message: SeenMessage; readonly bytes: number }[] = [];
  private bytes = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
  ) {}

  /** Adds a message. The oldest ones make room. */
  add(message: SeenMessage): void {
    // A result and an error come later. They are short.
    const bytes = BASE_BYTES + 2 * (message.args.length + message.method.length + message.topic.length);
    this.messages.push({ message, bytes });
    this.bytes += bytes;
    while (this.messages.length > this.maxMessages || this.bytes > this.maxBytes) {
      const oldest = this.messages.shift();
      if (oldest === undefined) return;
      this.bytes -= oldest.bytes;
    }
  }

  /** Returns the messages, the oldest first. */
  all(): SeenMessage[] {
    return this.messages.map(({ message }) => message);
  }
}
