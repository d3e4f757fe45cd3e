import { AsyncLocalStorage } from 'node:async_hooks';
import { shared } from '../core/shared.js';

const suppressed = shared('log suppression', () => new AsyncLocalStorage<true>());

/** Nest's context of this library's own log lines. */
export const LOG_CONTEXT = 'OsloMessaging';

/** Event types of log lines, as Python's handlers and the `NotificationLogger` publish them. */
export const LOG_EVENTS = { error: 'error_notification', record: 'logrecord' } as const;

/** Runs work without publishing its log lines, because publishing them would start such work again. */
export function suppressLogEvents<T>(work: () => T): T {
  return suppressed.run(true, work);
}

/** Runs work with publishing its log lines, even inside {@link suppressLogEvents}. */
export function allowLogEvents<T>(work: () => T): T {
  return areLogEventsSuppressed() ? suppressed.exit(work) : work();
}

/** Returns true inside {@link suppressLogEvents}. */
export function areLogEventsSuppressed(): boolean {
  return suppressed.getStore() === true;
}
