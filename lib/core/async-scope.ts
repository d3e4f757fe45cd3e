import { AsyncResource } from 'node:async_hooks';

/** Its async context is that of the import: no request's. */
const root = new AsyncResource('nestjs-oslo-messaging');

/**
 * Returns a scope whose async context is empty: `newScope().runInAsyncScope(work, self, …)`. Messages of many callers go
 * through one tick, timer or socket, which otherwise keeps the context (AsyncLocalStorage) of whoever used it first.
 * Each piece of work takes a scope of its own, so that an `enterWith` in one does not reach the next. A scope inherits
 * the identity of the one root, which costs a fifth of a new AsyncResource.
 */
export function newScope(): Pick<AsyncResource, 'runInAsyncScope'> {
  return Object.create(root) as AsyncResource;
}
