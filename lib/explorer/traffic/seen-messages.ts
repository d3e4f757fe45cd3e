import type { SeenMessage } from '../protocol.js';
import { MessageRing } from './message-ring.js';

const MEGABYTE = 1024 * 1024;
/** Maximum number of changed messages that wait to be sent to a page: more than the highest rate of samples makes in an interval. */
const MAX_CHANGED = 5000;

/** Message that changes when it ends. */
export type OpenSeenMessage = { -readonly [Key in keyof SeenMessage]: SeenMessage[Key] };

/** Messages that are shown: the latest, the latest slow ones and the latest failed ones. */
export class SeenMessages {
  private readonly latest: MessageRing;
  private readonly slow = new MessageRing(100, MEGABYTE / 2);
  private readonly failed = new MessageRing(100, MEGABYTE / 2);
  private readonly changed = new Set<SeenMessage>();
  private lastId = 0;

  /** @param maxMessages number of messages that are kept, at most 2 MiB of them */
  constructor(maxMessages: number) {
    this.latest = new MessageRing(maxMessages, 2 * MEGABYTE);
  }

  /** Adds a message, which {@link end} may change. */
  add(message: Omit<OpenSeenMessage, 'id'>): OpenSeenMessage {
    const added = { id: ++this.lastId, ...message };
    this.latest.add(added);
    this.change(added);
    return added;
  }

  /** Notes the end of a message. */
  end(message: OpenSeenMessage): void {
    this.latest.update(message);
    if (message.outcome === 'error' || message.outcome === 'timeout') this.failed.add(message);
    if (message.slow) this.slow.add(message);
    this.change(message);
  }

  /** Returns the messages that have changed since the last time, in the order of their beginnings. */
  takeChanged(): SeenMessage[] {
    const changed = [...this.changed].sort((one, other) => one.id - other.id);
    this.changed.clear();
    return changed;
  }

  /** Returns the messages that are kept. */
  history(): { messages: SeenMessage[]; slow: SeenMessage[]; failed: SeenMessage[] } {
    return { messages: this.latest.all(), slow: this.slow.all(), failed: this.failed.all() };
  }

  private change(message: SeenMessage): void {
    if (this.changed.size < MAX_CHANGED) this.changed.add(message);
  }
}
