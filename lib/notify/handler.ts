import { toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import { runWithRequestContext } from '../rpc/current-request.js';
import type { BatchedNotification, BatchListenerEndpoint, ListenerEndpoint } from './endpoint.js';
import type { NotificationFilter } from './filter.js';

/** One method that takes notifications. */
export interface NotificationHandler {
  /** As it is called in log lines. */
  readonly name: string;
  readonly priorities: readonly Priority[];
  /** Notifications that do not match are not for this handler. */
  readonly filter: Pick<NotificationFilter, 'match'> | undefined;
  /** Whether what it refuses is delivered again, to it alone. */
  readonly allowRequeue: boolean;
  /** What it returns counts for all that it is given. It refuses by REQUEUE, or by a failure that it has logged. */
  handle(messages: readonly BatchedNotification[], priority: Priority): unknown;
}

/** How an endpoint's methods are called. */
export interface HandlerOptions {
  readonly allowRequeue: boolean;
  /** Methods take an array of notifications. */
  readonly batch: boolean;
  readonly logger: LogSink;
}

/** The methods of an endpoint that are named after priorities. */
export function handlersOf(
  endpoint: ListenerEndpoint | BatchListenerEndpoint,
  { allowRequeue, batch, logger }: HandlerOptions,
): NotificationHandler[] {
  return PRIORITIES.flatMap((priority) => {
    const method: unknown = endpoint[priority];
    if (typeof method !== 'function') return [];
    const name = `${endpoint.constructor?.name ?? 'an endpoint'}.${priority}`;
    const call = (args: unknown[]): unknown => Reflect.apply(method, endpoint, args);
    return {
      name,
      priorities: [priority],
      filter: endpoint.filterRule ?? undefined,
      allowRequeue,
      handle: (messages) =>
        loggingFailure(logger, messages, name, () =>
          batch ? call([messages]) : runWithRequestContext(messages[0]?.ctxt, () => call(positional(messages))),
        ),
    };
  });
}

type Typed = readonly Pick<BatchedNotification, 'eventType'>[];

/** What the work comes to; its failure is logged before it is passed on. */
export async function loggingFailure<T>(
  logger: LogSink,
  messages: Typed,
  name: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    logFailure(logger, messages, `${name} failed`, error);
    throw error;
  }
}

/** One line with the types of the notifications, and the stack. */
export function logFailure(logger: LogSink, messages: Typed, what: string, thrown: unknown): void {
  const error = toError(thrown);
  const types = [...new Set(messages.map(({ eventType }) => eventType))].join(', ');
  logger.error(`Notification ${oneLine(types, 200)}: ${what}: ${oneLine(error.stack ?? error.message, 4000)}`);
}

function positional([message]: readonly BatchedNotification[]): unknown[] {
  return message ? [message.ctxt, message.publisherId, message.eventType, message.payload, message.metadata] : [];
}
