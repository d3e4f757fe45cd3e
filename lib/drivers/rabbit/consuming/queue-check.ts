/** Times of the checks after an attach, in milliseconds: a cluster cleans up after a failed node within seconds. */
const CHECK_DELAYS_MS = [2000, 10_000];

/**
 * Checks soon after a reattach that the queues still exist. When a node of a cluster fails, the other nodes delete its
 * transient queues by name, and may delete one that was declared again in the meantime. The broker does not notify the
 * consumer: it gets no more messages, and publishers get their messages returned.
 */
export class QueueCheck {
  private timers: NodeJS.Timeout[] = [];
  /** True after the first attach. */
  private attachedBefore = false;

  constructor(private readonly inspect: () => Promise<void>) {}

  /** Schedules the checks anew, unless it is the first attach. */
  start(): void {
    this.stop();
    if (!this.attachedBefore) {
      this.attachedBefore = true;
      return;
    }
    // A failed check proves nothing: the loss of the connection has its own event.
    this.timers = CHECK_DELAYS_MS.map((delay) => setTimeout(() => void this.inspect().catch(() => undefined), delay));
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }
}
