import { NO_WAIT_MS } from './load-shedding.js';

/** Time over which the idle time is measured, in milliseconds. Longer than the way to a broker and back. */
const IDLE_MS = 50;

/** Part of the time from which the process counts as idle. */
const IDLE = 0.5;

/**
 * Tells from the slots alone how long a server has been full, and whether it has waited for requests. While a slot is free and
 * the process mostly idle, a broker hands over what it has. So a request that comes then has not waited in its queue.
 */
export class FreeSlots {
  /** Time since which all slots are taken. Requests may have waited for any time before a server has started. */
  private fullSince: number | undefined = Number.NEGATIVE_INFINITY;
  /** Time since which a slot is free and nothing waits. Undefined while all are taken. */
  private freeSince: number | undefined;
  private freedAt = Number.NEGATIVE_INFINITY;
  /** Beginning of the interval, and the idle time of the event loop until then. */
  private begun = { at: performance.now(), idle: idleTime() };
  private waited = false;

  /** @param gap time in milliseconds for which a slot of a full server may be free until the broker has sent the next request */
  constructor(private readonly gap: number) {}

  /** Returns true when the last request has come after a time in which a slot was free and the process mostly idle. */
  get isIdle(): boolean {
    return this.waited;
  }

  /** Returns the time for which all slots have been taken. No request has waited for longer in its queue. */
  fullFor(now: number): number {
    return this.fullSince === undefined ? 0 : now - this.fullSince;
  }

  /** Returns the time since a slot became free without any work. */
  freedFor(now: number): number {
    return now - this.freedAt;
  }

  /** Called when a request gets a slot or has to wait. @param full true when no further one would get a slot */
  take(now: number, full: boolean): void {
    this.measure(now);
    // What is free without any work is no capacity to spare: the broker still has to send what it has.
    if (this.freeSince !== undefined && now - Math.max(this.freeSince, this.freedAt + NO_WAIT_MS) >= this.gap)
      this.fullSince = undefined;
    if (!full) return;
    this.fullSince ??= now;
    this.freeSince = undefined;
  }

  /** Called when a slot is free and nothing waits. */
  free(now: number): void {
    if (this.freeSince !== undefined) return;
    this.freeSince = now;
    this.restart(now);
  }

  /** Called when a slot becomes free without any work: its call is refused, or has expired. */
  freed(now: number): void {
    this.freedAt = now;
    this.restart(now);
  }

  private measure(now: number): void {
    const { at, idle } = this.begun;
    if (this.freeSince === undefined) this.waited = false;
    else if (now - at >= IDLE_MS) {
      this.restart(now);
      this.waited = this.begun.idle - idle >= (now - at) * IDLE;
    }
  }

  private restart(at: number): void {
    this.begun = { at, idle: idleTime() };
    this.waited = false;
  }
}

function idleTime(): number {
  return performance.eventLoopUtilization().idle;
}
