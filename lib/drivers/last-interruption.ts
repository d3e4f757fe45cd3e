interface Interruption {
  readonly fault: string;
  readonly reason: string;
  readonly since: number;
  readonly until: number;
}

/** Last time in which nothing got through to the broker. Earlier ones are forgotten: they ended before it. */
export class LastInterruption {
  /** Start of the present one, on the monotonic clock. */
  private since: number | undefined;
  private last: Interruption | undefined;

  /** Notes that an interruption begins, unless one lasts. @param since its start, on the monotonic clock */
  begin(since = performance.now()): void {
    this.since ??= since;
  }

  /**
   * Notes that the present interruption, if there is one, ends.
   * @param fault in the past tense: "the broker could not be reached"
   * @param reason cause of the fault; empty where it is not known
   */
  end(fault: string, reason = ''): void {
    if (this.since === undefined) return;
    this.last = { fault, reason, since: this.since, until: performance.now() };
    this.since = undefined;
  }

  /**
   * Returns the error for an operation that it may have lost or held up; undefined where it ended before the operation began.
   * @param began start of the operation, on the monotonic clock
   */
  errorFor(began: number): Error | undefined {
    const { last } = this;
    if (!last || last.until <= began) return undefined;
    const time = last.until - Math.max(began, last.since);
    const length = time < 1000 ? `${Math.ceil(time)} ms` : `${(time / 1000).toFixed(1)} s`;
    return new Error(`${last.fault} for ${length} meanwhile${last.reason && ` (${last.reason})`}`);
  }
}
