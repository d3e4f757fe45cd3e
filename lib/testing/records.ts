import type { Dict, Priority, Target } from '../internal.js';

/**
 * State of a recorded message. A call is `pending` until its promise settles; a cast or a notification until a handler has
 * ended. `done`: without an error. `failed`: with one, or refused by the broker. `undelivered`: no queue was bound for it.
 * `dropped`: a fault dropped it.
 */
export type MessageStatus = 'pending' | 'done' | 'failed' | 'undelivered' | 'dropped';

/** One run of a handler for a recorded message. */
export interface HandlerRun {
  /** Name of the server; for a notification, the pool of the listener, else `listener`. */
  readonly server: string;
  /** Start, in milliseconds since 1970 (`Date.now()`). */
  readonly startedAt: number;
  /** End; undefined while the handler runs. */
  readonly endedAt: number | undefined;
  /** Result as it is sent; undefined for a notification. */
  readonly result: unknown;
  /** Error of the handler, as a caller gets it. */
  readonly error: Error | undefined;
}

/** Recorded message, as it was at one moment. Deeply frozen. */
export interface MessageRecord {
  /** Request context under its keys on the wire. */
  readonly context: Readonly<Dict>;
  /** State at that moment. */
  readonly status: MessageStatus;
  /** Error that the sender got, else the error of the last run. */
  readonly error: Error | undefined;
  /** Runs of handlers, in the order of their start. A fanout has one for each server. */
  readonly runs: readonly HandlerRun[];
  /** Faults that were applied to the message, by name. */
  readonly faults: readonly string[];
  /** Time of sending, in milliseconds since 1970 (`Date.now()`). */
  readonly sentAt: number;
  /** Time at which it was no longer pending; undefined until then. */
  readonly endedAt: number | undefined;
}

/** Recorded call or cast. */
export interface RequestRecord extends MessageRecord {
  /** Target of the request. */
  readonly target: Target;
  /** Name of the method. */
  readonly method: string;
  /** Keyword arguments, as they were sent. */
  readonly args: Readonly<Dict>;
}

/** Recorded call. */
export interface CallRecord extends RequestRecord {
  /** Kind of the message. */
  readonly kind: 'call';
  /** Result that the caller got, as it was sent. */
  readonly result: unknown;
}

/** Recorded cast. */
export interface CastRecord extends RequestRecord {
  /** Kind of the message. */
  readonly kind: 'cast';
}

/** Recorded notification, on one topic. */
export interface NotificationRecord extends MessageRecord {
  /** Kind of the message. */
  readonly kind: 'notification';
  /** Topic that it was published to. */
  readonly topic: string;
  /** Exchange of the topic. */
  readonly exchange: string;
  /** Priority of the notification. */
  readonly priority: Priority;
  /** Type of the event. */
  readonly eventType: string | null;
  /** Publisher of the notification. */
  readonly publisherId: string | null;
  /** Id of the notification. */
  readonly messageId: string | null;
  /** Content, as it was sent. */
  readonly payload: unknown;
}

/** Recorded message of any kind. */
export type AnyRecord = CallRecord | CastRecord | NotificationRecord;
