import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestContext } from './request-context.js';

/** Gives the context when it is asked for: it is deserialized on first use. */
type ReadContext = () => unknown;

const current = new AsyncLocalStorage<ReadContext | undefined>();

/**
 * The context of the request or notification that is being handled: in an endpoint's method, in all that Nest runs for
 * an `@RpcEndpoint`, and in what these start. Calls, casts and notifications without a context of their own use it.
 * Undefined elsewhere: in HTTP handlers, and for a batch of notifications. Source: oslo_context.context.get_current.
 */
export function getCurrentRequestContext<T = RequestContext>(): T | undefined {
  return current.getStore()?.() as T | undefined;
}

/** Runs work with a request context for {@link getCurrentRequestContext}, where no request brings one. */
export function runWithRequestContext<R>(ctxt: unknown, work: () => R): R {
  return current.run(() => ctxt, work);
}

/** The same for a context that is not deserialized yet. */
export function runAsRequest<R>(readContext: ReadContext, work: () => R): R {
  return current.run(readContext, work);
}

type Scope = <R>(work: () => R) => R;

/** Scopes of requests that failed; one lives no longer than its message. */
const failed = new WeakMap<object, Scope>();

/**
 * Keeps the async context in which a request fails, with the stores of the user's own AsyncLocalStorage, for the log
 * line about it. The innermost one is kept first, and stays. Only failures pay for it.
 */
export function keepScope(message: object): void {
  if (!failed.has(message)) failed.set(message, AsyncLocalStorage.snapshot());
}

/** Runs work where the message's handler failed, as far as that is known, else with the request context alone. */
export function runWhereFailed<R>(message: object, readContext: ReadContext, work: () => R): R {
  const scope = failed.get(message);
  failed.delete(message);
  return scope ? scope(work) : current.run(readContext, work);
}

/** Runs what outlives the request, as connections do, and must neither keep it alive nor pass for a part of it. */
export function runApart<R>(work: () => R): R {
  return current.getStore() === undefined ? work() : current.run(undefined, work);
}
