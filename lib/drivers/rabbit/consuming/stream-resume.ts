import type { ConsumedQueue } from './consumed-queue.js';

/** Time for the broker to deliver the last message that was read from a stream, in milliseconds. */
const RESUME_TIMEOUT_MS = 2000;

/** Watches that a stream delivers the message at which reading resumes. A new stream of the same name does not. */
export class StreamResume {
  private timer: NodeJS.Timeout | undefined;

  /** Watches a queue whose consumer has just been started. @param onMissing called when the message does not arrive */
  watch(queue: ConsumedQueue, onMissing: () => void): void {
    if (!queue.isResuming) return;
    this.stop();
    this.timer = setTimeout(() => {
      if (queue.isResuming) onMissing();
    }, RESUME_TIMEOUT_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
