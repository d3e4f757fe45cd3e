import type { Target } from '../../core/target.js';
import type { Receive, ReceiveNotifications } from '../driver.js';
import type { PassedMessage } from './passed-message.js';

/** Message on its way into the queues of an embedded broker. */
export interface Publication {
  readonly exchange: string;
  readonly key: string;
  readonly content: PassedMessage;
  /** Target of a request; undefined for a reply or a notification. */
  readonly target: Target | undefined;
  /** True where a queue is bound for the message. */
  readonly isRouted: boolean;
}

/** Change of a message as it enters its queues. */
export interface Placement {
  /** Content in place of the published one. */
  readonly content?: PassedMessage;
  /** Content to deliver once more after the first acknowledgement, which the broker then loses. */
  readonly again?: PassedMessage;
}

/**
 * Watches the messages of an embedded broker, and decides on their fate. For tests. A broker without one does not pay
 * for it.
 */
export interface MemoryTap {
  /**
   * Publishes a message. Returns false when no queue is bound for it.
   * @param place puts the message into its queues, now or later and any number of times. Returns false when none is bound
   * @throws the error for the publisher
   */
  publish(publication: Publication, place: (placement?: Placement) => boolean): boolean;
  /** Returns the promise that the caller gets, for the one that settles with the reply. */
  call(msgId: string, reply: Promise<unknown>): Promise<unknown>;
  /** Returns the function that a server gets its requests by. */
  serve(target: Target, receive: Receive): Receive;
  /** Returns the function that a listener gets its notifications by. */
  listen(pool: string | undefined, receive: ReceiveNotifications): ReceiveNotifications;
}
