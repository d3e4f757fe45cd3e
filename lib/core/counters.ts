/** What a transport counts of its life, from its making on. */
export interface Counts {
  /** Calls and publishes refused because a bound of `limits` was reached. */
  readonly overLimit: number;
  /** Calls, and casts that asked to know, that no queue took. */
  readonly undeliverable: number;
  /** Messages off the wire that could not be understood, or were over a limit. */
  readonly refusedMessages: number;
  /** Messages whose headers could not all be read. They were processed all the same. */
  readonly damagedHeaders: number;
  /** Requests that had been seen before. */
  readonly duplicates: number;
  /** Requests refused because they came a second time, and a server may have begun them (`refuseRedelivered`). */
  readonly redeliveries: number;
  /** Requests whose caller had given up before a slot was free: they were not started. */
  readonly expiredRequests: number;
  /** Replies that could not be delivered. */
  readonly droppedReplies: number;
  /** Replies that nobody waited for: their call had been answered, or had given up. */
  readonly lateReplies: number;
  /** Requests and notifications put into a dead-letter queue. */
  readonly setAside: number;
  /** Consumers that the broker cancelled: their queue was deleted, or they held a message for too long. */
  readonly cancelledConsumers: number;
  /** Messages that the broker took back, unacknowledged, when it cancelled their consumer. Unstarted ones never start here. */
  readonly revokedMessages: number;
  /** Queues, exchanges and bindings of consumers that had vanished, and were made again. */
  readonly redeclared: number;
  /** Connections that were lost. */
  readonly lostConnections: number;
}

export const NO_COUNTS: Counts = {
  overLimit: 0,
  undeliverable: 0,
  refusedMessages: 0,
  damagedHeaders: 0,
  duplicates: 0,
  redeliveries: 0,
  expiredRequests: 0,
  droppedReplies: 0,
  lateReplies: 0,
  setAside: 0,
  cancelledConsumers: 0,
  revokedMessages: 0,
  redeclared: 0,
  lostConnections: 0,
};

/** The counts of one transport: written where it happens, read by health checks and metrics. */
export class Counters {
  private readonly counts: { -readonly [name in keyof Counts]: number } = { ...NO_COUNTS };

  count(what: keyof Counts, times = 1): void {
    this.counts[what] += times;
  }

  /** A copy of the counts as they are now. */
  read(): Counts {
    return { ...this.counts };
  }
}
