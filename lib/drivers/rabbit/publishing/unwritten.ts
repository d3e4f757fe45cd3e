import { setImmediate as turn } from 'node:timers/promises';
import type { Deadline } from '../../../core/deadline.js';
import { settleWithin } from '../../../core/settle-within.js';

/** Time in milliseconds in which closing lets messages be written: one may need another channel first. */
const WRITE_MS = 250;

/** Messages of best effort that are not written yet. The broker reads them before the end of their connection. */
export class Unwritten {
  private count = 0;
  private written: (() => void) | undefined;

  /** Adds a message. Returns a function to call when it is written or given up, once or more often. */
  add(): () => void {
    this.count++;
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      if (--this.count === 0) this.written?.();
    };
  }

  /** Waits until all are handed to the socket, or the connection is lost, for {@link WRITE_MS} at most. */
  async flush(disconnected: Promise<void>, deadline: Deadline): Promise<void> {
    if (this.count > 0) {
      const written = new Promise<void>((resolve) => {
        this.written = resolve;
      });
      await settleWithin(Promise.race([written, disconnected]), Math.min(WRITE_MS, deadline.remaining()));
    }
    // The frames of one turn of the event loop are written together, at its end.
    await turn();
  }
}
