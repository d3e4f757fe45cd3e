/**
 * Counts of a tap since it opened. Each request that the broker copied to the tap is in exactly one place:
 * `calls + casts + undecodableRequests + lost = shown + filtered + notShown + pending + lost`, where `shown` without the
 * reported replies and interruptions is meant.
 */
export interface TapCounts {
  /** Calls received. */
  readonly calls: number;
  /** Casts received, fanouts included. */
  readonly casts: number;
  /** Requests whose body is no message of oslo.messaging. */
  readonly undecodableRequests: number;
  /** Requests of which the reader got an event: calls, casts, undecodable ones. */
  readonly shown: number;
  /** Requests that did not match the filter. */
  readonly filtered: number;
  /** Requests of which the event was dropped, because the reader was too slow, or the same was reported before. */
  readonly notShown: number;
  /** Calls that wait for their reply. */
  readonly pending: number;
  /** Requests and replies that the broker dropped, because the tap was too slow. */
  readonly lost: number;
  /** False where more may be lost than counted. */
  readonly lostIsExact: boolean;
  /** Times that the tap saw nothing. */
  readonly interruptions: number;
  /** Calls that ended with a result. */
  readonly results: number;
  /** Calls that ended with a failure. */
  readonly errors: number;
  readonly timeouts: number;
  /** Calls and casts that no queue took. */
  readonly undeliverable: number;
  /** Calls whose end is not known. */
  readonly unknown: number;
  readonly heartbeats: number;
  /** Replies that came after their call had ended here, and second replies. */
  readonly lateReplies: number;
  /** Replies to requests that the tap did not see: of other topics, or sent before it opened. */
  readonly otherReplies: number;
  readonly undecodableReplies: number;
}

/** Durations of calls, in milliseconds. */
export interface TapDurations {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts of one method. */
export interface TappedMethod {
  readonly method: string;
  readonly calls: number;
  readonly casts: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Undefined without a reply. */
  readonly durations: TapDurations | undefined;
}

/** Summary of a tap. It includes requests that the filter does not match. */
export interface TapSummary {
  /** Time since the tap opened, in milliseconds. */
  readonly elapsedMs: number;
  readonly counts: TapCounts;
  /** Undefined without a reply. */
  readonly durations: TapDurations | undefined;
  /** Methods with most requests first. Those beyond 200 are one entry, `(others)`. */
  readonly methods: readonly TappedMethod[];
}
