import type { Cancellation } from '../core/abort.js';
import type { Deadline } from '../core/deadline.js';
import type { Dict } from '../core/dict.js';
import type { DriverStatus, TransportHealth } from '../core/health.js';
import type { ReceivedHeaders } from '../core/instrumentation.js';
import type { Notification } from '../core/notification.js';
import type { RpcInvocation, RpcReply, RpcRequest } from '../core/rpc-message.js';
import type { Target } from '../core/target.js';

/** Options of every message that is sent. */
export interface SendOptions {
  readonly target: Target;
  /** Bounds connecting, publishing and, for a call, waiting for the reply. Its signal ends them before. */
  readonly deadline: Deadline;
  /** Number of reconnection attempts: 0 for none, undefined or −1 for any number until the deadline. */
  readonly retry: number | undefined;
  /** True to reject with MessageUndeliverable when no queue is bound for the message. */
  readonly mandatory: boolean;
  /** Headers of AMQP to send besides those of the library. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of a notification. */
export type NotifyOptions = Pick<SendOptions, 'deadline' | 'retry' | 'headers'>;

/** Options of connecting a driver before its first use. */
export interface ConnectOptions extends Pick<SendOptions, 'deadline' | 'retry'> {
  /** True to connect for publishing only. */
  readonly publishOnly: boolean;
}

/** Options of a call. */
export interface CallOptions extends SendOptions {
  /** Time that the caller waits, in milliseconds: the expiration of the message. */
  readonly timeout: number;
  /** Heartbeat timeout that the caller asks the server for, in seconds; undefined for no heartbeats. */
  readonly callMonitorTimeout: number | undefined;
  /** Id of the call on the wire; undefined for a new one. */
  readonly msgId?: string | undefined;
  /**
   * Reader of the replies of several servers. The call then resolves with null: when the reader has enough of them, or at
   * its deadline. Undefined for the one reply of a usual call.
   */
  readonly collect?: CollectReply | undefined;
}

/** Result of one of several servers, or its failure. */
export type CollectedReply = { readonly result: unknown } | { readonly error: Error };

/** Reads a reply on its arrival, so that none is kept whole. Returns true when no further one is wanted. Never throws. */
export type CollectReply = (reply: CollectedReply) => boolean;

/** Notification for one routing key, `<topic>.<priority>`. */
export interface OutgoingNotification {
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: Dict;
  /** True to publish it in an envelope (format 2.0), for drivers that publish text. */
  readonly envelope: boolean;
  readonly uniqueId: string;
}

/** Facts about the arrival of a request, for instrumentation. */
export interface Arrival {
  /** Headers of AMQP that are read; empty for engines without them. */
  readonly headers: ReceivedHeaders;
  /** Time in milliseconds in its queue, beyond that of the caller's fastest request; undefined where it is unknown. */
  readonly queueWait: number | undefined;
  /** Time in milliseconds that it waited for a free slot. */
  readonly slotWait: number;
}

/** Request to dispatch, and the way to reply to its caller. */
export interface IncomingRequest {
  readonly request: RpcRequest;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds; Infinity for a cast. */
  readonly expires: number;
  /** True when a caller waits for a reply. */
  readonly wantsReply: boolean;
  /** True while the work must end with its caller's deadline: not for a cast, not at least once, and not after the ending reply. */
  readonly isAwaited: boolean;
  /**
   * Signal of the request, made on first use. Aborted with RequestExpired, RequestCancelled, CallerGone or ServerStopped; never
   * after the ending reply.
   */
  readonly signal: AbortSignal;
  /** Reason with which the signal was aborted; undefined while it was not, and where nobody has asked for it. */
  readonly abortedBy: Error | undefined;
  /** Aborted with CallerGone or RequestCancelled; undefined where the caller neither wants heartbeats nor ever cancels. */
  readonly callerGone: Cancellation | undefined;
  /** Facts about its arrival. Only `slotWait` is measured where no instrumentation is set. */
  readonly arrival: Arrival;
  /**
   * Sends a reply, a failure or a heartbeat. Never rejects. Returns undefined when there is nothing to wait for: it is
   * delivered already, or the request is a cast.
   */
  reply(reply: ReplyContent): Promise<void> | undefined;
}

/** Part of a reply that the dispatcher gives. */
export interface ReplyContent extends Pick<RpcReply, 'result' | 'failure' | 'ending'> {
  /** Milliseconds between heartbeats, for one of them. */
  readonly interval?: number | undefined;
}

/** Handles one request. Never rejects; the concurrency slot is free when the promise settles. */
export type Receive = (incoming: IncomingRequest) => Promise<void>;

/** Returns true for a request that is delivered at least once: it is acknowledged after its reply. */
export type AcknowledgeAfterReply = (request: RpcRequest) => boolean;

/** Requests that are answered at once while all slots are taken, so that a busy server is not taken for a stopped one. */
export interface NeedsNoSlot {
  /** Text that the body of each of them has. */
  readonly marker: string;
  /** Returns true for such a request. */
  selects(request: RpcRequest): boolean;
}

/** Sources and batching of a notification listener. */
export interface Subscription {
  /** Exchanges and routing keys, `<topic>.<priority>`. */
  readonly sources: readonly { readonly exchange: string; readonly key: string }[];
  /** Name of one queue for all sources, shared by the listeners of the pool; undefined for a queue per routing key. */
  readonly pool: string | undefined;
  /** Maximum number of notifications, or batches, in work. */
  readonly concurrency: number;
  /** Maximum number of notifications in a batch. */
  readonly batchSize: number;
  /** Time after which an incomplete batch is handled, in milliseconds; undefined to wait until it is complete. */
  readonly batchTimeout: number | undefined;
  /**
   * Called with true when notifications wait for room under `limits.bytesInWork`, and with false when none does any more.
   * An incomplete batch must be handled at once while it is full: nothing can complete it.
   */
  readonly onFull?: (full: boolean) => void;
}

/** Notification that is not acknowledged yet. */
export interface IncomingNotification {
  readonly notification: Notification;
  /** Headers of AMQP that are read; empty for engines without them. */
  readonly headers: ReceivedHeaders;
  /** Queue that it was consumed from. */
  readonly queue: string;
  /** Handlers that finished with it on an earlier delivery. The receiver adds to it and reads it. */
  readonly finishedBy: Set<unknown>;
  /** Called with the error of a handler, also where the notification is not delivered again because of it. */
  failed?(error: unknown): void;
}

/**
 * Handles a batch. Resolves with an entry for each notification: undefined when it is finished, else the reason to deliver
 * it again. A rejection is the reason for all of them.
 */
export type ReceiveNotifications = (batch: readonly IncomingNotification[]) => Promise<readonly (string | undefined)[]>;

/** Number of messages that wait in a queue. */
export interface QueueDepth {
  readonly queue: string;
  readonly messages: number;
}

/** Running server or notification listener. */
export interface Listener {
  /** State of a server that refuses calls when it is overloaded; undefined for one that refuses none. */
  readonly overload?: OverloadState | undefined;
  /**
   * Stops consuming and starts no further work; resolves when that is done. Optional first step of {@link stop}, to
   * cancel several listeners before waiting for any.
   * @param graceful true to handle an incomplete batch of notifications instead of returning it to the queue
   */
  cancel(graceful: boolean): Promise<void>;
  /** Stops consuming, waits at most `milliseconds` for the work in progress, and releases the queues. */
  stop(milliseconds: number): Promise<void>;
}

/** Overload of a server with `loadShedding`. */
export interface OverloadState {
  /** True while it refuses calls with `ServerOverloaded`, and for 10 to 20 seconds more. */
  readonly refusing: boolean;
  /** Number of calls that it has refused so since its start. */
  readonly refused: number;
}

/** Engine of a transport, the only part of the library that knows the broker. */
export interface Driver {
  /**
   * Resolves with the result; rejects with the remote failure or a typed error, at the latest at the deadline.
   * @throws ClientSendError when the request is not sent at all
   */
  call(request: RpcInvocation, options: CallOptions): Promise<unknown>;
  /** Resolves when the broker has accepted the message. */
  cast(request: RpcInvocation, options: SendOptions): Promise<void>;
  /** Resolves when the broker has accepted the message. */
  notify(notification: OutgoingNotification, options: NotifyOptions): Promise<void>;
  /**
   * Starts a server. Resolves when its queues are declared and consumed.
   * @param acknowledgeAfterReply selects the requests that are delivered at least once; undefined when none is
   * @param signal ends the start when it is aborted; the start then rejects
   * @param needsNoSlot selects the requests that are answered while all slots are taken; undefined when none is
   */
  listen(
    target: Target,
    concurrency: number,
    receive: Receive,
    acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
    signal: AbortSignal,
    needsNoSlot?: NeedsNoSlot,
  ): Promise<Listener>;
  /**
   * Starts a notification listener. Resolves when its queues are declared and consumed.
   * @param signal ends the start when it is aborted; the start then rejects
   */
  listenForNotifications(
    subscription: Subscription,
    receive: ReceiveNotifications,
    signal: AbortSignal,
  ): Promise<Listener>;
  /**
   * Connects now instead of on first use.
   * @throws MessageDeliveryFailure when the broker cannot be reached before the deadline
   */
  connect(options: ConnectOptions): Promise<void>;
  /** Calls the listener with the current status and with every change. Returns a function that ends this. */
  onStatus(listener: (status: DriverStatus) => void): () => void;
  /** Returns the current health. */
  health(): TransportHealth;
  /** Resolves with the messages that wait in each consumed queue; without a queue that the broker does not tell about. */
  queueDepths(): Promise<readonly QueueDepth[]>;
  /** Closes the connections and rejects pending work. */
  close(): Promise<void>;
}
