/** Idle time of the event loop with a free slot after which the queue was surely empty, in milliseconds. */
export const IDLE_MS = 100;

/**
 * Tells whether a server has waited for requests. While a slot is free and the process does nothing, a broker hands over
 * what it has. So a request that ends such a time has not waited in its queue.
 */
export class Idleness {
  /** Idle time of the event loop when the last slot was free again. Undefined before the first request. */
  private since: number | undefined;

  /** Called when a slot is free after all were taken. */
  restart(): void {
    this.since = idleTime();
  }

  /** Returns true when a slot was free and the process idle for a while. */
  get isLong(): boolean {
    if (this.since === undefined) this.restart();
    return idleTime() - (this.since ?? 0) >= IDLE_MS;
  }
}

function idleTime(): number {
  return performance.eventLoopUtilization().idle;
}
