/** Time over which the load is measured, in milliseconds. */
export const INTERVAL_MS = 100;

/** Part of the time from which the event loop counts as busy. It has to wait for the broker after each lot of requests. */
const BUSY = 0.8;

/** Intervals in a row after which it counts as busy. A handler that blocks it once makes one long interval. */
export const BUSY_INTERVALS = 5;

/** Tells whether the process has computing time left: handlers that compute take no slot for long. */
export class EventLoopLoad {
  private last = performance.eventLoopUtilization();
  private measuredAt = performance.now();
  private busyIntervals = 0;

  /**
   * Returns true when the event loop had little idle time in the last intervals.
   * @param refusing true while calls are refused: the process is idle then for lack of accepted ones, and stays busy
   */
  isBusy(now: number, refusing: boolean): boolean {
    if (now - this.measuredAt < INTERVAL_MS) return this.busyIntervals >= BUSY_INTERVALS;
    const current = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(current, this.last);
    if (utilization >= BUSY) this.busyIntervals++;
    else if (!refusing) this.busyIntervals = 0;
    this.last = current;
    this.measuredAt = now;
    return this.busyIntervals >= BUSY_INTERVALS;
  }
}
