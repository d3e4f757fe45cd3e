/** Times in milliseconds. An offset is the arrival of a request here, minus its writing on the clock of its caller. */
interface Offsets {
  /** Offset of the fastest request of the period before. */
  before: number;
  /** Offset of the fastest request of this period. */
  fastest: number;
  /** Arrival of the first request of this period. */
  since: number;
}

/** Minimum length of a period in milliseconds. A clock that jumps is trusted again after two of them. */
const PERIOD_MS = 30_000;

/** Maximum length of a period in milliseconds, for a server with load shedding that is never idle. */
const MAX_PERIOD_MS = 10 * PERIOD_MS;

/** Difference in milliseconds that counts as none. */
export const TOLERANCE_MS = 500;

/** Returns a delay, or 0 where it is so short that it counts as none. */
export function tolerated(delay: number): number {
  return delay > TOLERANCE_MS ? delay : 0;
}

/** Time by which two clocks may drift apart, as a part of the time that passes. */
const MAX_DRIFT = 0.001;

/** Maximum number of callers that are remembered. The first one is forgotten. */
const MAX_CALLERS = 1000;

/**
 * Finds out how long requests were under way. The clocks of two hosts may differ by any amount, so none is compared with
 * another: the fastest recent request of a caller shows the difference, and the others of this caller are compared with it.
 */
export class CallerClocks {
  private readonly callers = new Map<string, Offsets>();

  /**
   * @param isIdle returns true while requests hardly wait. A period ends only then: while all requests wait in a queue, the
   * fastest one of a period has waited, too
   */
  constructor(private readonly isIdle: () => boolean = () => true) {}

  /** Returns {@link beyondFastest}, or 0 for a time that differences of clocks may explain. */
  delayOf(caller: string, written: number, arrived: number): number {
    return tolerated(this.beyondFastest(caller, written, arrived));
  }

  /**
   * Returns the time for which a request was under way, beyond that of the fastest one. It is 0 for a new caller.
   * @param written time on the caller's clock, in milliseconds
   * @param arrived time on the monotonic clock, in milliseconds
   * @param waited true for a request that found no free slot
   */
  beyondFastest(caller: string, written: number, arrived: number, waited = false): number {
    const offset = arrived - written;
    const known = this.callers.get(caller);
    if (known === undefined) {
      this.add(caller, { before: offset, fastest: offset, since: arrived });
      return 0;
    }
    const age = arrived - known.since;
    if (age >= PERIOD_MS && (age >= MAX_PERIOD_MS || (!waited && this.isIdle()))) {
      known.before = known.fastest + age * MAX_DRIFT;
      known.fastest = offset;
      known.since = arrived;
    } else if (offset < known.fastest) known.fastest = offset;
    return offset - Math.min(known.before, known.fastest);
  }

  private add(caller: string, offsets: Offsets): void {
    if (this.callers.size >= MAX_CALLERS) {
      const [first = ''] = this.callers.keys();
      this.callers.delete(first);
    }
    this.callers.set(caller, offsets);
  }
}
