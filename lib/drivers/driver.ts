import type { Deadline } from '../core/deadline.js';
import type { Dict } from '../core/dict.js';
import type { DriverStatus, TransportHealth } from '../core/health.js';
import type { Notification } from '../core/notification.js';
import type { RpcInvocation, RpcReply, RpcRequest } from '../core/rpc-message.js';
import type { Target } from '../core/target.js';

/** What goes with every message that is sent. */
export interface SendOptions {
  readonly target: Target;
  /** Bounds connecting, publishing and, for a call, waiting. */
  readonly deadline: Deadline;
  /** Retries of connecting: undefined or −1 for ever (until the deadline), 0 none. */
  readonly retry: number | undefined;
  /** Reject with MessageUndeliverable when no queue takes the message. */
  readonly mandatory: boolean;
}

/** Options of connecting a driver ahead of its first use. */
export interface ConnectOptions extends Pick<SendOptions, 'deadline' | 'retry'> {
  /** Connect to publish only. */
  readonly publishOnly: boolean;
}

/** A call's own options. */
export interface CallOptions extends SendOptions {
  /** Milliseconds that the caller waits: the message's expiration. */
  readonly timeout: number;
  /** Seconds between heartbeats that the caller asks for. */
  readonly callMonitorTimeout: number | undefined;
}

/** A notification for one `<topic>.<priority>`. */
export interface OutgoingNotification {
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: Dict;
  /** Whether it travels in an envelope (format 2.0), where it travels as text. */
  readonly envelope: boolean;
  readonly uniqueId: string;
}

/** One request that has arrived and been acknowledged. Its methods never reject. */
export interface IncomingMessage {
  readonly request: RpcRequest;
  /** Whether anybody waits for a reply. */
  readonly wantsReply: boolean;
  /** Time at which the caller gives up, in milliseconds of the monotonic clock. Infinite where nobody waits. */
  readonly expires: number;
  /** Sends a reply, a failure or a heartbeat. Nothing to wait for when that is done already, or it is a cast. */
  reply(reply: Pick<RpcReply, 'result' | 'failure' | 'ending'>): Promise<void> | undefined;
}

/** What a listener does with each request; the promise frees the concurrency slot. */
export type Receive = (message: IncomingMessage) => Promise<void>;

/** Tells which requests are delivered at least once. */
export type AcknowledgeAfterReply = (request: RpcRequest) => boolean;

/** Where notifications are read. */
export interface Subscription {
  /** An exchange, and `<topic>.<priority>`. */
  readonly sources: readonly { readonly exchange: string; readonly key: string }[];
  /** Name of one queue for all sources, shared by the listeners of the pool; without it, a queue for each key. */
  readonly pool: string | undefined;
  /** Notifications, or batches, in work at a time. */
  readonly concurrency: number;
  /** Notifications that are handed over together, at the most. */
  readonly batchSize: number;
  /** Milliseconds after which an incomplete batch is handed over; undefined is never. */
  readonly batchTimeout: number | undefined;
  /** Called when no more fits into work until some is done with, and when that is over: nothing may wait for more then. */
  readonly onFull?: (full: boolean) => void;
}

/** One notification that has arrived, and is not acknowledged yet. */
export interface IncomingNotification {
  readonly notification: Notification;
  /** Whatever has finished it on an earlier delivery: the receiver's to fill and to read. */
  readonly finishedBy: Set<unknown>;
}

/** For each notification of the batch: undefined when it is done with, or why it must be delivered again. A rejection is a reason for all. */
export type ReceiveNotifications = (batch: readonly IncomingNotification[]) => Promise<readonly (string | undefined)[]>;

/** A server's hold on its queues. */
export interface Listener {
  /**
   * Stops consuming, and begins nothing more; resolves when that is so. A first step of {@link stop}, for whoever stops
   * several.
   * @param graceful whether notifications that wait for their batch to be complete are handled, instead of being put back
   */
  cancel(graceful: boolean): Promise<void>;
  /** Stops consuming, waits until what has begun is answered (at most `milliseconds`), and lets go of the queues. */
  stop(milliseconds: number): Promise<void>;
}

/** A transport's engine: all that the rest of the library knows of a broker. */
export interface Driver {
  /**
   * Resolves with the result; rejects with the remote failure or a typed error, at the latest at the deadline.
   * @throws ClientSendError when it is not sent at all
   */
  call(request: RpcInvocation, options: CallOptions): Promise<unknown>;
  /** Resolves when the broker has taken the message. */
  cast(request: RpcInvocation, options: SendOptions): Promise<void>;
  /** Resolves when the broker has taken the message. */
  notify(notification: OutgoingNotification, options: Pick<SendOptions, 'deadline' | 'retry'>): Promise<void>;
  /**
   * Resolves when the queues are declared and consumed from.
   * @param acknowledgeAfterReply whether a request is acknowledged after its reply, instead of before its handler starts; undefined
   * where none is
   */
  listen(
    target: Target,
    concurrency: number,
    receive: Receive,
    acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
  ): Promise<Listener>;
  /** Resolves when the queues are declared and consumed from. */
  listenForNotifications(subscription: Subscription, receive: ReceiveNotifications): Promise<Listener>;
  /**
   * Connects now instead of on first use.
   * @throws MessageDeliveryFailure when the broker cannot be reached in time
   */
  connect(options: ConnectOptions): Promise<void>;
  /** Calls back with the status as it is, and with every change; returns what ends that. */
  onStatus(listener: (status: DriverStatus) => void): () => void;
  /** How it is now. */
  health(): TransportHealth;
  close(): Promise<void>;
}
