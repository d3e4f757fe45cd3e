import type { OverloadState } from '../driver.js';
import type { InboxLoad } from './concurrency-limit.js';
import type { Delivery } from './delivery.js';

/** Messages of a server or listener between the broker and the handlers, as the engines use it. */
export interface Inbox {
  /** Number of messages, or batches, in work. */
  readonly busy: number;
  /** Slots that are taken, and messages that wait for one. */
  readonly load: InboxLoad;
  /** Overload of a server that refuses calls by it; undefined for one that refuses none. */
  readonly overload?: OverloadState | undefined;
  /** Accepts a delivery. */
  push(delivery: Delivery): void;
  /** Starts no further work, and returns unstarted messages to their queues. @param graceful true when there is time to finish */
  close(graceful: boolean): void;
  /** Closes, and resolves when the work has ended or the time, in milliseconds, is over. */
  drain(milliseconds: number): Promise<void>;
  /** Called when the messages of handlers that still run have been released. */
  abandon?(): void;
}
