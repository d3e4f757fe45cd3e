import type { ConsumedStream } from './consumed-stream.js';

/** Time for the broker to deliver the last message that was read from a stream, in milliseconds. */
const RESUME_TIMEOUT_MS = 2000;

/**
 * Watches that each stream of a consumer delivers the message at which reading resumes. A new stream of the same name does
 * not.
 */
export class StreamResume {
  private readonly timers = new Set<NodeJS.Timeout>();

  /** Watches a stream whose consumer has just been started. @param onMissing called when the message does not arrive */
  watch(stream: Pick<ConsumedStream, 'resuming'>, onMissing: () => void): void {
    if (!stream.resuming) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (stream.resuming) onMissing();
    }, RESUME_TIMEOUT_MS);
    this.timers.add(timer);
  }

  /** Ends the watch of every stream. */
  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
