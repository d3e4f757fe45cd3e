import type { Deadline } from './deadline.js';
import type { Dict } from './dict.js';
import type { Notification } from './notification.js';
import { type Rule, withMethods } from './option-rules.js';
import type { RpcInvocation } from './rpc-message.js';
import type { Target } from './target.js';

/** Call, cast or notification on its way to the broker, as a {@link RpcClientInterceptor} sees it. */
export interface OutgoingMessage {
  /** Kind of the message. */
  readonly kind: 'call' | 'cast' | 'notification';
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
  /** Priority, publisher and id of a notification; undefined for a call or cast. */
  readonly notification: Pick<Notification, 'priority' | 'publisherId' | 'messageId'> | undefined;
}

/** Sends a message by the rest of the chain. Resolves with the serialized result of a call, else with undefined. */
export type SendNext = (message: OutgoingMessage) => Promise<unknown>;

/**
 * Link of the chain that each call, cast and notification passes on its way out. It sends the message by `next`, changed or
 * as it is, and settles as the call shall. Messages are immutable: to add a key of the request context, give `next` a copy,
 * `{ ...message, context: { ...message.context, key } }`. `kind` and `notification` cannot be changed.
 */
export type RpcClientInterceptor = (message: OutgoingMessage, next: SendNext) => Promise<unknown>;

/** RPC request that is about to be handled, as an {@link Instrumentation} sees it. */
export interface ServedRequest {
  /** Request as it was received. Names and arguments are the caller's: they can have any value. */
  readonly request: RpcInvocation;
  /** Message id of a call, or the unique id of a cast. */
  readonly messageId: string | undefined;
  /** Exchange, topic and server that are listened on. */
  readonly target: Target;
  /** Name of the handler, such as `Conductor.build`; undefined when no endpoint has the method. */
  readonly handler: string | undefined;
  /** True when a caller waits for a reply. */
  readonly wantsReply: boolean;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds; Infinity where nobody waits. */
  readonly expires: number;
}

/** Notifications that one handler is about to handle, as an {@link Instrumentation} sees them. */
export interface ServedNotifications {
  /** Notifications as they were received; several for a batch. */
  readonly notifications: readonly Notification[];
  /** Name of the handler, such as `Billing.onOrder`. */
  readonly handler: string;
}

/**
 * Set of functions that watch the messages of a transport, for traces and metrics: `openTelemetry()` and `prometheus()`
 * return one. Each member is optional, and none may throw before it has called `next`.
 */
export interface Instrumentation {
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

const MEMBERS = ['client', 'server', 'listener'] satisfies (keyof Instrumentation)[];

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
