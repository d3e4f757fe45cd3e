/**
 * Counts of a tap since it opened. Each request that the broker gave the tap is in one place:
 * `calls + casts + undecodableRequests = shown + filtered + notShown + pending`. Senders have published that many, and
 * `lostRequests`, and those of {@link TapCounts.interruptions}.
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
  /** Requests without an event: the reader was too slow, the same call was published before, the same damage was reported before. */
  readonly notShown: number;
  /** Calls that wait for their reply. */
  readonly pending: number;
  /** Requests that the broker dropped, because the tap was too slow. */
  readonly lostRequests: number;
  /** Replies that the broker dropped, because the tap was too slow. Those of other topics are among them. */
  readonly lostReplies: number;
  /** False where more was lost than is counted. */
  readonly lostIsExact: boolean;
  /** Number of times that the tap saw nothing for a while. */
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
  /** Replies that came after the end of their call, and second replies. */
  readonly lateReplies: number;
  /** Replies to requests that the tap did not see: of other topics, or sent before it opened. */
  readonly otherReplies: number;
  /** Replies whose queue was missing: their caller has gone. */
  readonly undeliverableReplies: number;
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
