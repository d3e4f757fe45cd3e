/** Times in milliseconds. An offset is the arrival of a request here, minus its writing on the clock of its caller. */
interface Offsets {
  /** Offset of the fastest request of the period before. */
  before: number;
  /** Offset of the fastest request of this period. */
  fastest: number;
  /** Arrival of the first request of this period. */
  since: number;
  /** True once a request has come while the server was idle: the fastest one has hardly waited. */
  known: boolean;
  /** Set while all requests of the caller take longer than any queue keeps them. */
  stopped: Stopped | undefined;
}

/** Requests of a caller whose clock seems to have stood still, as in a suspended machine. */
interface Stopped {
  /** Arrival of the first one. */
  readonly since: number;
  /** Shortest timeout of those that no queue keeps for so long. */
  timeout: number;
  /** Offset of the fastest one. */
  fastest: number;
}

/** Time before the arrival of a call. */
export interface QueueWait {
  /** In milliseconds. */
  readonly before: number;
  /** Part of it that is certain, where it is an estimate: the clocks of caller and server were assumed to agree. */
  readonly certain?: number | undefined;
}

/** Load of a server, as far as it shows whether requests have waited. */
export interface ServerLoad {
  /** True when the queue was empty just now, or the broker stood still. */
  readonly isIdle: boolean;
  /** True during a proved overload, and for some time after it. */
  readonly isOverloaded: boolean;
  /** True while the server refuses calls that have waited. */
  readonly isRefusing: boolean;
}

/** Minimum length of a period in milliseconds. */
const PERIOD_MS = 30_000;

/** Length of a period while the server is never idle. */
const BUSY_PERIOD_MS = 2 * PERIOD_MS;

/** Difference in milliseconds that counts as none. */
export const TOLERANCE_MS = 500;

/** Returns a delay, or 0 where it is so short that it counts as none. */
export function tolerated(delay: number): number {
  return delay > TOLERANCE_MS ? delay : 0;
}

/** Time by which two clocks may drift apart, as a part of the time that passes. */
const MAX_DRIFT = 0.001;

/** The same while the server is never idle, where it hides as much waiting: two quartzes without NTP. */
const BUSY_DRIFT = 0.0001;

/** Maximum number of callers that are remembered. The first one is forgotten. */
const MAX_CALLERS = 1000;

/**
 * Finds out how long requests were under way. The clocks of two hosts may differ by any amount: the fastest recent request of
 * a caller shows the difference, and the others of this caller are compared with it. The clocks themselves are compared only
 * for an estimate ({@link waitOf}), which makes no request late.
 */
export class CallerClocks {
  private readonly callers = new Map<string, Offsets>();

  /**
   * @param load without it, a period ends after its minimum length. With it, it ends when the server is idle: while all requests
   * wait in a queue, the fastest one of a period has waited, too
   */
  constructor(private readonly load: ServerLoad | undefined = undefined) {}

  /** Returns {@link beyondFastest}, or 0 for a time that differences of clocks may explain. */
  delayOf(caller: string, written: number, arrived: number): number {
    return tolerated(this.beyondFastest(caller, written, arrived));
  }

  /**
   * Returns the time for which a request was under way, beyond that of the fastest one. It is 0 for a new caller.
   * @param written time on the caller's clock, in milliseconds
   * @param arrived time on the monotonic clock, in milliseconds
   * @param timeout maximum time in its queue
   * @param waited true for a request that found no free slot
   */
  beyondFastest(
    caller: string,
    written: number,
    arrived: number,
    timeout = Number.POSITIVE_INFINITY,
    waited = false,
  ): number {
    const offset = arrived - written;
    const offsets = this.callers.get(caller);
    if (offsets === undefined) {
      const known = this.isKnownBy(waited);
      this.add(caller, { before: offset, fastest: offset, since: arrived, known, stopped: undefined });
      return 0;
    }
    if (!offsets.known || arrived - offsets.since >= PERIOD_MS) this.learn(offsets, arrived, waited);
    if (offset < offsets.fastest) offsets.fastest = offset;
    if (this.load) this.findStopped(offsets, offset, arrived, timeout);
    return offset - Math.min(offsets.before, offsets.fastest);
  }

  /**
   * Returns the time before the arrival of a call. All requests of a caller may have waited, as after a restart of the server
   * during an overload. Then the clocks are assumed to agree, unless the result is no possible wait.
   * @param delay its time beyond that of the fastest request
   */
  waitOf(caller: string, written: number, arrived: number, timeout: number, delay: number): QueueWait {
    if (this.callers.get(caller)?.known) return { before: delay };
    const apart = performance.timeOrigin + arrived - written;
    const isPossible = apart > delay && apart <= timeout + TOLERANCE_MS;
    return { before: isPossible ? apart : delay, certain: delay };
  }

  /** Ends the period of a caller, where this request allows it. */
  private learn(offsets: Offsets, arrived: number, waited: boolean): void {
    const age = arrived - offsets.since;
    const { before, fastest } = offsets;
    if (this.isKnownBy(waited)) {
      offsets.known = true;
      if (age < PERIOD_MS) return;
      offsets.before = fastest + age * MAX_DRIFT;
    } else if (age >= BUSY_PERIOD_MS) {
      const drift = this.load?.isRefusing ? 0 : age * BUSY_DRIFT;
      offsets.before = Math.min(before, fastest) + drift;
    } else return;
    offsets.fastest = Number.POSITIVE_INFINITY;
    offsets.since = arrived;
  }

  /**
   * Learns the difference anew where all requests of a whole period come later than any queue keeps them. One with a longer
   * timeout may have waited for as long, but shows nothing against the others.
   */
  private findStopped(offsets: Offsets, offset: number, arrived: number, timeout: number): void {
    const delay = offset - Math.min(offsets.before, offsets.fastest);
    const shortest = Math.min(timeout, offsets.stopped?.timeout ?? timeout);
    if (delay <= shortest + TOLERANCE_MS) {
      offsets.stopped = undefined;
      return;
    }
    offsets.stopped ??= { since: arrived, timeout, fastest: offset };
    const { stopped } = offsets;
    stopped.timeout = shortest;
    stopped.fastest = Math.min(stopped.fastest, offset);
    if (arrived - stopped.since < BUSY_PERIOD_MS) return;
    offsets.before = offsets.fastest = stopped.fastest;
    offsets.since = arrived;
    offsets.stopped = undefined;
  }

  /**
   * Returns true where the request that has just come has hardly waited. A broker that stands still for a moment makes an
   * overloaded server look idle, too.
   */
  private isKnownBy(waited: boolean): boolean {
    return this.load === undefined || (!waited && this.load.isIdle && !this.load.isOverloaded);
  }

  private add(caller: string, offsets: Offsets): void {
    if (this.callers.size >= MAX_CALLERS) {
      const [first = ''] = this.callers.keys();
      this.callers.delete(first);
    }
    this.callers.set(caller, offsets);
  }
}
