/** Time over which the idle time is measured, in milliseconds. */
const INTERVAL_MS = 200;

/** Part of the time from which the process counts as idle. */
const IDLE = 0.5;

/**
 * Tells whether a server has waited for requests. While a slot is free and the process mostly idle, a broker hands over what
 * it has. So a request that comes then has not waited in its queue.
 */
export class Idleness {
  private isIdle = false;
  /** Beginning of the interval, and the idle time of the event loop until then. Undefined before the first request. */
  private begun: { readonly at: number; readonly idle: number } | undefined;

  /** Called when a slot is free after all were taken. */
  restart(): void {
    this.isIdle = false;
    this.begun = { at: performance.now(), idle: idleTime() };
  }

  /** Returns true when a slot was free and the process mostly idle in the last interval. */
  get isLong(): boolean {
    if (this.begun === undefined) this.restart();
    const { at = 0, idle = 0 } = this.begun ?? {};
    const time = performance.now() - at;
    if (time < INTERVAL_MS) return this.isIdle;
    const isIdle = idleTime() - idle >= time * IDLE;
    this.restart();
    this.isIdle = isIdle;
    return isIdle;
  }
}

function idleTime(): number {
  return performance.eventLoopUtilization().idle;
}
