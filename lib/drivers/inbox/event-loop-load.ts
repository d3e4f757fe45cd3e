/** Time over which the load is measured, in milliseconds. */
const INTERVAL_MS = 100;

/** Part of the time from which the event loop counts as busy. */
const BUSY = 0.95;

/** Tells whether the process has computing time left: handlers that compute take no slot for long. */
export class EventLoopLoad {
  private last = performance.eventLoopUtilization();
  private measuredAt = performance.now();
  private busy = false;

  /** Returns true when the event loop had hardly any idle time lately. */
  isBusy(now: number): boolean {
    if (now - this.measuredAt < INTERVAL_MS) return this.busy;
    const current = performance.eventLoopUtilization();
    this.busy = performance.eventLoopUtilization(current, this.last).utilization >= BUSY;
    this.last = current;
    this.measuredAt = now;
    return this.busy;
  }
}
