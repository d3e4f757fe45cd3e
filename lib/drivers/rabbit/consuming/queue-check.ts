/** Milliseconds after which it is looked: a broker cleans up behind a node within seconds. */
const LOOKS = [2000, 10_000];

/**
 * Looks soon whether queues that are consumed from again are still there. When a node of a cluster fails, the others
 * delete its transient queues by their names, and may hit the one that was declared anew meanwhile. Its consumer is not
 * told: nothing comes any more, and whoever sends there hears that there is no such queue.
 */
export class QueueCheck {
  private timers: NodeJS.Timeout[] = [];

  constructor(private readonly inspect: () => Promise<void>) {}

  /** Looks from now on, a few times. */
  start(): void {
    this.stop();
    // A look that fails for another reason tells nothing: the loss of the connection has its own event.
    this.timers = LOOKS.map((delay) => setTimeout(() => void this.inspect().catch(() => undefined), delay));
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }
}
