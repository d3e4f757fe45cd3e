import type { Deadline } from './deadline.js';
import type { Dict } from './dict.js';
import type { TransportHealth } from './health.js';
import type { Notification } from './notification.js';
import { type Rule, withMethods } from './option-rules.js';
import type { RpcInvocation } from './rpc-message.js';
import type { Target } from './target.js';

/** Kind of a broker: RabbitMQ, or the embedded one of `memory://`. */
export type BrokerKind = 'rabbit' | 'memory';

/** Headers of AMQP that a message was received with, as far as they are read: `traceparent`, `tracestate`, `baggage` and those of the library. */
export type ReceivedHeaders = ReadonlyMap<string, unknown>;

/** Call, cast or notification on its way to the broker, as a {@link RpcClientInterceptor} sees it. */
export interface OutgoingMessage {
  /** Kind of the message. */
  readonly kind: 'call' | 'cast' | 'notification';
  /** Kind of the broker. */
  readonly broker: BrokerKind;
  /** Target of a call or cast. Of a notification: the control exchange and the topics, separated by commas. */
  readonly target: Target;
  /** RPC method, or the event type of a notification. */
  readonly method: string;
  /** Keyword arguments of the method, or the payload of the notification; serialized. */
  readonly args: unknown;
  /** Request context, serialized: its keys travel with the message. */
  readonly context: Dict;
  /** Time at which the sender gives up. */
  readonly deadline: Deadline;
  /**
   * Signal that ends the call or cast before its deadline: that of its options, or that of a dead caller of the request which
   * is being handled. A link that waits, for another attempt for example, stops waiting when it aborts. Undefined for none.
   */
  readonly signal: AbortSignal | undefined;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Id that a call shall have on the wire, `_msg_id`. Undefined: the library makes one. Each attempt needs its own. */
  readonly messageId: string | undefined;
  /** Headers of AMQP to send besides those of the library. `memory://` has none. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Priority, publisher and id of a notification; undefined for a call or cast. */
  readonly notification: Pick<Notification, 'priority' | 'publisherId' | 'messageId'> | undefined;
}

/** Sends a message by the rest of the chain. Resolves with the serialized result of a call, else with undefined. */
export type SendNext = (message: OutgoingMessage) => Promise<unknown>;

/**
 * Link of the chain that each call, cast and notification passes on its way out. It sends the message by `next`, changed or
 * as it is, and settles as the call shall. Messages are immutable: to add a key of the request context, give `next` a copy,
 * `{ ...message, context: { ...message.context, key } }`. `kind`, `broker` and `notification` cannot be changed.
 */
export type RpcClientInterceptor = (message: OutgoingMessage, next: SendNext) => Promise<unknown>;

/** RPC request that is about to be handled, as an {@link Instrumentation} sees it. */
export interface ServedRequest {
  /** Request as it was received. Names and arguments are the caller's: they can have any value. */
  readonly request: RpcInvocation;
  /** Message id of a call, or the unique id of a cast. */
  readonly messageId: string | undefined;
  /** Kind of the broker. */
  readonly broker: BrokerKind;
  /** Headers of AMQP; empty on `memory://`. */
  readonly headers: ReceivedHeaders;
  /** Exchange, topic and server that are listened on. */
  readonly target: Target;
  /** Name of the handler, such as `Conductor.build`; undefined when no endpoint has the method. */
  readonly handler: string | undefined;
  /** Namespaces and version of the handler's endpoint; undefined when no endpoint has the method. */
  readonly endpoint: Target | undefined;
  /**
   * Time for which the request waited in its queue, in seconds, beyond the fastest recent request of its caller. Undefined
   * where the caller does not say when it sent the request: Python's does not.
   */
  readonly queueWait: number | undefined;
  /** Time for which the request waited in this process for a free slot (`concurrency`), in seconds. */
  readonly slotWait: number;
  /** True when a caller waits for a reply. */
  readonly wantsReply: boolean;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds; Infinity where nobody waits. */
  readonly expires: number;
  /** Returns true for an error that the handler has announced, by `expectedExceptions`: it is a result, not a failure of the server. */
  readonly isExpected: (error: unknown) => boolean;
}

/** Notifications that one handler is about to handle, as an {@link Instrumentation} sees them. */
export interface ServedNotifications {
  /** Notifications as they were received; several for a batch. */
  readonly notifications: readonly Notification[];
  /** Headers of AMQP of each notification; empty on `memory://`. */
  readonly headers: readonly ReceivedHeaders[];
  /** Name of the queue that the first one was received from. */
  readonly queue: string;
  /** Kind of the broker. */
  readonly broker: BrokerKind;
  /** Name of the handler, such as `Billing.onOrder`. */
  readonly handler: string;
}

/** Transport, as an {@link Instrumentation} sees it. */
export interface InstrumentedTransport {
  /** Use of the transport. */
  readonly transport: 'rpc' | 'notifications';
  /** `name` of the `forRoot`, where it has one. */
  readonly name: string | undefined;
  /** Returns the current health. */
  health(): TransportHealth;
  /** Returns the timeouts of calls that have grown by back-off, in seconds, by method with its namespace. */
  grownTimeouts(): ReadonlyMap<string, number>;
  /** Asks the broker how many messages wait in each consumed queue. Never rejects; a queue without an answer is left out. */
  queueDepths(): Promise<readonly { readonly queue: string; readonly messages: number }[]>;
}

/**
 * Set of functions that watch the messages of a transport, for traces and metrics: `openTelemetry()` and `prometheus()`
 * return one. Each member is optional, and none may throw before it has called `next`.
 */
export interface Instrumentation {
  /** Called with each transport that has the instrumentation, when it is made. Returns a function that is called when it is closed. */
  readonly transport?: ((transport: InstrumentedTransport) => () => void) | undefined;
  /** Innermost links of the chain of client interceptors: each attempt of a retried call passes them. */
  readonly client?: RpcClientInterceptor | undefined;
  /** Runs around the handling of each request. Settles as `next` does: with the serialized result, or the error. */
  readonly server?: ((request: ServedRequest, next: () => Promise<unknown>) => Promise<unknown>) | undefined;
  /** Runs around the handling of each notification, or batch, by each handler. Settles as `next` does. */
  readonly listener?: ((served: ServedNotifications, next: () => Promise<unknown>) => Promise<unknown>) | undefined;
}

/** Accepts an array of functions. */
export const interceptors: Rule = (value) =>
  Array.isArray(value) && value.every((link) => typeof link === 'function')
    ? undefined
    : 'an array of functions (message, next) => Promise';

const MEMBERS = ['transport', 'client', 'server', 'listener'] satisfies (keyof Instrumentation)[];

/** Accepts an array of {@link Instrumentation}. */
export const instrumentations: Rule = (value, name) => {
  const fits = (item: unknown) =>
    withMethods('', [])(item, name) === undefined &&
    MEMBERS.some((member) => Reflect.get(item as object, member) !== undefined) &&
    MEMBERS.every((member) => ['undefined', 'function'].includes(typeof Reflect.get(item as object, member)));
  return Array.isArray(value) && value.every(fits)
    ? undefined
    : 'an array of what openTelemetry() or prometheus() returns';
};
