import { AsyncLocalStorage } from 'node:async_hooks';
import type { RpcInvocation } from '../core/rpc-message.js';
import { shared } from '../core/shared.js';
import { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import type { RequestContext } from './request-context.js';

/** Request that is being handled, as {@link getCurrentRequest} returns it. */
export interface CurrentRequest {
  /** Returns the exchange, topic and server that are listened on, with the request's namespace and version. */
  getTarget(): Target;
  /** Returns the name of the method in the request. */
  getMethod(): string;
  /** Returns the message id of a call, or the unique id of a cast. */
  getMessageId(): string | undefined;
  /** Returns the number of the attempt: 1, and more for a request that its caller has sent again by a `retryPolicy`. */
  getAttempt(): number;
  /** Returns the deserialized request context. */
  getRequestContext<T = RequestContext>(): T;
  /**
   * Returns the time until the caller gives up, in seconds, at least 0. Undefined where no caller waits (a cast), and for a
   * caller without a timeout.
   */
  getRemainingTime(): number | undefined;
  /**
   * Returns the signal of the request: always the same. It is aborted when the caller gives up (`reason` is a
   * `RequestExpired`), when it cancels the call before (`RequestCancelled`), when it has died (`CallerGone`), or when the server
   * has stopped (`ServerStopped`), whatever comes first. It stays as it is once the handler has returned.
   */
  getSignal(): AbortSignal;
}

/** Content of the async context of a request or notification. */
export interface RequestScope {
  /** Returns the value of {@link getCurrentRequestContext}. It is deserialized on first use. */
  readContext(): unknown;
  /** Message of the request; undefined for a notification, and for work that no request started. */
  readonly incoming: IncomingRequest | undefined;
  /** Value of {@link getCurrentRequest}. */
  readonly view: CurrentRequest | undefined;
  /** Notification that is being handled; undefined for a request. */
  readonly handled?: HandledNotification | undefined;
}

/** Notification that is being handled, for log lines; of a batch, what its notifications have in common. */
export interface HandledNotification {
  readonly topic: string | null;
  readonly eventType: string | null;
  readonly messageId: string | null;
}

const current = shared('current request', () => new AsyncLocalStorage<RequestScope | undefined>());

/**
 * Returns the context of the request or notification that is being handled. It is available in the methods of endpoints,
 * in the guards, pipes and interceptors of an `@RpcEndpoint`, and in the asynchronous work that these start. Calls, casts
 * and notifications without a context of their own use it. Undefined elsewhere, for example in HTTP handlers, and for a
 * batch of notifications. Source: oslo_context.context.get_current.
 */
export function getCurrentRequestContext<T = RequestContext>(): T | undefined {
  return current.getStore()?.readContext() as T | undefined;
}

/**
 * Returns the request that is being handled, with its deadline and its signal: in the methods of endpoints, and in the
 * asynchronous work that these start. In Nest it is the `OsloRpcContext`. Undefined elsewhere, also for notifications.
 */
export function getCurrentRequest(): CurrentRequest | undefined {
  return current.getStore()?.view;
}

/** Returns the notification that is being handled, if any. */
export function getCurrentNotification(): HandledNotification | undefined {
  return current.getStore()?.handled;
}

/**
 * Runs work with a request context that {@link getCurrentRequestContext} returns: for work that no request started, or with
 * another context within a request.
 * @returns the result of the work
 */
export function runWithRequestContext<R>(ctxt: unknown, work: () => R): R {
  const { incoming, view, handled } = current.getStore() ?? {};
  return current.run({ readContext: () => ctxt, incoming, view, handled }, work);
}

/** Runs work as part of a request or notification. Within the same scope already, it costs nothing. */
export function runAsRequest<R>(scope: RequestScope, work: () => R): R {
  return current.getStore() === scope ? work() : current.run(scope, work);
}

/** Returns the request that is being handled, if its caller's deadline bounds the calls that it makes. */
export function getAwaitedRequest(): IncomingRequest | undefined {
  const incoming = current.getStore()?.incoming;
  return incoming?.isAwaited ? incoming : undefined;
}

/** Returns the value of {@link CurrentRequest.getRemainingTime}. */
export function remainingSeconds({ wantsReply, expires }: IncomingRequest): number | undefined {
  if (!wantsReply || expires === Number.POSITIVE_INFINITY) return undefined;
  return Math.max(0, expires - performance.now()) / 1000;
}

/** Returns the value of {@link CurrentRequest.getTarget}. */
export function servedTarget({ exchange, topic, server }: Target, { namespace, version }: RpcInvocation): Target {
  return new Target({ exchange, topic, server, namespace, version });
}

type Scope = <R>(work: () => R) => R;

/** Scopes of failed requests, by message. */
const failed = shared('scopes of failures', () => new WeakMap<object, Scope>());

/**
 * Keeps the async context in which a request failed, for the log line about the failure. The stores of the user's own
 * AsyncLocalStorage are part of it. The first call for a message wins, which is the innermost. Only failures pay for it.
 */
export function keepScope(message: object): void {
  if (!failed.has(message)) failed.set(message, AsyncLocalStorage.snapshot());
}

/** Runs work in the async context that {@link keepScope} kept for a message, else with another scope. */
export function runWhereFailed<R>(message: object, scopeOf: () => RequestScope, work: () => R): R {
  const scope = failed.get(message);
  failed.delete(message);
  return scope ? scope(work) : current.run(scopeOf(), work);
}

/** Runs work without a current request: connections outlive the request that opens them, and must not keep it alive. */
export function runApart<R>(work: () => R): R {
  return current.getStore() === undefined ? work() : current.run(undefined, work);
}
