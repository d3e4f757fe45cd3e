import { AsyncLocalStorage } from 'node:async_hooks';

const quiet = new AsyncLocalStorage<true>();

/** Nest's context of this library's own log lines. */
export const LOG_CONTEXT = 'OsloMessaging';

/** Event types of log lines, as Python's handlers and the `NotificationLogger` publish them. */
export const LOG_EVENTS = { error: 'error_notification', record: 'logrecord' } as const;

/** Runs work whose own log lines must not be published, since publishing them would bring about such work again. */
export function suppressLogEvents<T>(work: () => T): T {
  return quiet.run(true, work);
}

/** Runs work whose log lines may be published, even if quiet work has brought it about. */
export function allowLogEvents<T>(work: () => T): T {
  return areLogEventsSuppressed() ? quiet.exit(work) : work();
}

/** Whether it is quiet work that runs. */
export function areLogEventsSuppressed(): boolean {
  return quiet.getStore() === true;
}
