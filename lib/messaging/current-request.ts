import { AsyncLocalStorage } from 'node:async_hooks';
import { shared } from '../core/shared.js';
import type { RequestContext } from './request-context.js';

/** Returns the request context. It is deserialized on first use. */
type ReadContext = () => unknown;

const current = shared('current request', () => new AsyncLocalStorage<ReadContext | undefined>());

/**
 * Returns the context of the request or notification that is being handled. It is available in the methods of endpoints,
 * in the guards, pipes and interceptors of an `@RpcEndpoint`, and in the asynchronous work that these start. Calls, casts
 * and notifications without a context of their own use it. Undefined elsewhere, for example in HTTP handlers, and for a
 * batch of notifications. Source: oslo_context.context.get_current.
 */
export function getCurrentRequestContext<T = RequestContext>(): T | undefined {
  return current.getStore()?.() as T | undefined;
}

/**
 * Runs work with a request context that {@link getCurrentRequestContext} returns, for work that no request started.
 * @returns the result of the work
 */
export function runWithRequestContext<R>(ctxt: unknown, work: () => R): R {
  return current.run(() => ctxt, work);
}

/** Runs work with the context of a request, which is deserialized on first use. */
export function runAsRequest<R>(readContext: ReadContext, work: () => R): R {
  return current.run(readContext, work);
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

/** Runs work in the async context that {@link keepScope} kept for a message, else with the request context alone. */
export function runWhereFailed<R>(message: object, readContext: ReadContext, work: () => R): R {
  const scope = failed.get(message);
  failed.delete(message);
  return scope ? scope(work) : current.run(readContext, work);
}

/** Runs work without a current request: connections outlive the request that opens them, and must not keep it alive. */
export function runApart<R>(work: () => R): R {
  return current.getStore() === undefined ? work() : current.run(undefined, work);
}
