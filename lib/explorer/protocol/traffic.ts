import type { Snapshot } from './snapshot.js';

/** Direction of a message: sent by this application, received by it, or seen at the broker. */
export type Direction = 'out' | 'in' | 'seen';

/** Events by their names. */
export interface ExplorerEvents {
  /** Once a second. */
  readonly tick: Tick;
  /** Messages that began or ended. One with an `id` that was seen before replaces that. */
  readonly messages: readonly SeenMessage[];
  /** State that has changed. */
  readonly snapshot: Snapshot;
}

/** Numbers of one second. */
export interface Tick {
  readonly at: number;
  /** Length of the interval. */
  readonly elapsed: number;
  /** Numbers by direction. Only directions that the source has. */
  readonly traffic: Partial<Readonly<Record<Direction, Traffic>>>;
  /** Requests in work and their limit, of all transports; null where they are not known. */
  readonly slots: { readonly used: number; readonly limit: number } | null;
  /** Calls that wait for a reply, of all transports; null where they are not known. */
  readonly pendingCalls: number | null;
  /** Number of methods whose timeout has grown. */
  readonly grownTimeouts: number;
  /** Messages of the interval that are sent to the page, of `total`. Below that, the page says "showing 1 of 40". */
  readonly shown: number;
  readonly total: number;
  /** Messages that the tap lost in the interval: neither shown nor counted elsewhere. */
  readonly lost: number;
}

/** Numbers of one direction in an interval. */
export interface Traffic {
  readonly calls: number;
  readonly casts: number;
  readonly notifications: number;
  /** Failed ones that ended in the interval, timeouts included. */
  readonly errors: number;
  readonly timeouts: number;
  /** Calls, casts and notifications that have not ended. */
  readonly inFlight: number;
  /** Percentiles of the durations of those that ended in the interval; null without any. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** Message that is shown. */
export interface SeenMessage {
  /** Unique in the process, and increasing in the order of the beginnings. */
  readonly id: number;
  readonly at: number;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  readonly direction: Direction;
  readonly exchange: string;
  /** Topic; of a notification that is sent, its topics separated by commas. */
  readonly topic: string;
  readonly server: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
  /** Method, or the event type of a notification. */
  readonly method: string;
  /** Arguments or payload as JSON, masked and shortened; it can end with `…`. */
  readonly args: string;
  /** Result as JSON, masked and shortened; null before it, and for a cast. */
  readonly result: string | null;
  /** Null while it is pending. */
  readonly duration: number | null;
  readonly outcome: 'pending' | 'ok' | 'error' | 'timeout';
  readonly error: SeenError | null;
  /** Sender, where it is known: user, project or publisher. */
  readonly caller: string | null;
  readonly requestId: string | null;
  /** Id on the wire, `_msg_id` or `_unique_id`. */
  readonly messageId: string | null;
  /** Class and method of the handler, of one that is received. */
  readonly handler: string | null;
  /** Time for which it waited for a free slot before its handler began; null of a message that is sent, or seen at the broker. */
  readonly waited: number | null;
  /** True for one that took longer than the threshold `slow`. */
  readonly slow: boolean;
}

/** Error of a message. */
export interface SeenError {
  /** Class, as Python or this library names it. */
  readonly type: string;
  readonly message: string;
  /** Last lines of the traceback of the server, or of the stack of the handler; masked and shortened. Empty where there is none. */
  readonly traceback: readonly string[];
}

/** Traffic before the page was opened. */
export interface History {
  /** Ticks of the last ten minutes, the oldest first. */
  readonly ticks: readonly Tick[];
  /** Latest messages, the oldest first. */
  readonly messages: readonly SeenMessage[];
  /** Latest slow ones, the oldest first. They can be older than `messages`. */
  readonly slow: readonly SeenMessage[];
  /** Latest failed ones, the oldest first. They can be older than `messages`. */
  readonly failed: readonly SeenMessage[];
  /** Duration from which a message is slow. */
  readonly slowThreshold: number;
}
