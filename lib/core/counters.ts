/** Numbers of events on a transport since it was made. */
export interface Counts {
  /** Calls and publishes refused because a limit of `limits` was reached. */
  readonly overLimit: number;
  /** Calls, and mandatory casts, that no queue was bound for. */
  readonly undeliverable: number;
  /** Received messages that could not be read, or exceeded a limit. */
  readonly refusedMessages: number;
  /** Received messages with unreadable headers. They were processed without these headers. */
  readonly damagedHeaders: number;
  /** Requests and notifications dropped as duplicates. */
  readonly duplicates: number;
  /** Received requests and notifications that the broker had delivered before. */
  readonly redelivered: number;
  /** Redelivered requests that were refused because a server may have started them (`refuseRedelivered`). */
  readonly redeliveries: number;
  /** Requests that were not started because their caller had given up before they arrived, or before a slot was free. */
  readonly expiredRequests: number;
  /** Calls that an overloaded server refused (`ServerOverloaded`). */
  readonly shedRequests: number;
  /** Replies that could not be delivered. */
  readonly droppedReplies: number;
  /** Replies without a pending call: it was answered already, or had given up. */
  readonly lateReplies: number;
  /** Requests and notifications moved to a dead-letter queue, or dropped instead on `memory://`, which has none. */
  readonly deadLettered: number;
  /** Former name of `deadLettered`, with the same value. @deprecated Use `deadLettered`. */
  readonly setAside: number;
  /**
   * Consumers that the broker cancelled, because their queue was deleted or a message was unacknowledged for too long:
   * RabbitMQ before 4.3 closes their channel then.
   */
  readonly cancelledConsumers: number;
  /** Unacknowledged messages that the broker revoked with a cancelled consumer. Unstarted ones are not started here. */
  readonly revokedMessages: number;
  /** Queues, exchanges and bindings of consumers that had disappeared and were declared again. */
  readonly redeclared: number;
  /** Attempts after the first of requests with a `retryPolicy`. */
  readonly retries: number;
  /** Requests that were not repeated because the budget of their target was spent. */
  readonly refusedRetries: number;
  /** Connections that were lost. */
  readonly lostConnections: number;
  /** Connections that were made again after a loss. */
  readonly reconnections: number;
}

/** Name of a counted event. */
export type CountedEvent = Exclude<keyof Counts, 'setAside'>;

const NO_EVENTS: Record<CountedEvent, number> = {
  overLimit: 0,
  undeliverable: 0,
  refusedMessages: 0,
  damagedHeaders: 0,
  duplicates: 0,
  redelivered: 0,
  redeliveries: 0,
  expiredRequests: 0,
  shedRequests: 0,
  droppedReplies: 0,
  lateReplies: 0,
  deadLettered: 0,
  cancelledConsumers: 0,
  revokedMessages: 0,
  redeclared: 0,
  retries: 0,
  refusedRetries: 0,
  lostConnections: 0,
  reconnections: 0,
};

/** Counts of a new transport. */
export const NO_COUNTS: Counts = { ...NO_EVENTS, setAside: 0 };

/** Event counters of one transport. Health checks and metrics read them. */
export class Counters {
  private readonly counts = { ...NO_EVENTS };

  /** Counts an event. @param times number of events */
  count(event: CountedEvent, times = 1): void {
    this.counts[event] += times;
  }

  /** Returns a copy of the current counts. */
  read(): Counts {
    return { ...this.counts, setAside: this.counts.deadLettered };
  }
}
