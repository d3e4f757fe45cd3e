/** Time over which the load is measured, in milliseconds. */
export const INTERVAL_MS = 100;

/** Part of the time from which the event loop counts as busy. It has to wait for the broker after each lot of requests. */
const BUSY = 0.8;

/** Part of the time from which it has certainly no time to spare. */
const SATURATED = 0.95;

/** Intervals in a row after which it counts as busy. A handler that blocks it once makes one long interval. */
export const BUSY_INTERVALS = 5;

/** Tells whether the process has computing time left: handlers that compute take no slot for long. */
export class EventLoopLoad {
  private last = performance.eventLoopUtilization();
  private measuredAt = performance.now();
  private busyIntervals = 0;
  private saturatedIntervals = 0;

  /** Returns true when the event loop had little idle time in the last intervals. */
  get isBusy(): boolean {
    return this.busyIntervals >= BUSY_INTERVALS;
  }

  /** Returns true when it had hardly any. */
  get isSaturated(): boolean {
    return this.saturatedIntervals >= BUSY_INTERVALS;
  }

  /** @param refusing true while calls are refused: the process is idle then for lack of accepted ones, and stays busy */
  measure(now: number, refusing: boolean): void {
    if (now - this.measuredAt < INTERVAL_MS) return;
    const current = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(current, this.last);
    if (utilization >= BUSY) this.busyIntervals++;
    else if (!refusing) this.busyIntervals = 0;
    if (utilization >= SATURATED) this.saturatedIntervals++;
    else if (!refusing) this.saturatedIntervals = 0;
    this.last = current;
    this.measuredAt = now;
  }
}
