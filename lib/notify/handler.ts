import { type LogSink, oneLine } from '../core/logger.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import { withoutSecrets } from '../core/secrets.js';
import { loggedStack } from '../core/thrown.js';
import { runWhereFailed, runWithRequestContext } from '../messaging/current-request.js';
import { contextDict } from '../messaging/serializer.js';
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

/** What the work comes to; its failure is logged before it is passed on. */
export async function loggingFailure<T>(
  logger: LogSink,
  messages: readonly BatchedNotification[],
  name: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const [first, ...others] = messages;
    const log = () => logFailure(logger, messages.map(fromHandler), `${name} failed`, error);
    // A batch belongs to no request.
    if (first) runWhereFailed(first, () => (others.length === 0 ? first.ctxt : undefined), log);
    throw error;
  }
}

/** Parts of a notification that the line about a failure needs. */
interface Failed {
  readonly eventType: string | null;
  /** Under the keys of the wire. */
  readonly context: object;
}

const fromHandler = ({ eventType, ctxt }: BatchedNotification): Failed => ({ eventType, context: contextDict(ctxt) });

/** One line with the types of the notifications, and the stack. */
export function logFailure(logger: LogSink, messages: readonly Failed[], what: string, thrown: unknown): void {
  const types = [...new Set(messages.map(({ eventType }) => eventType))].join(', ');
  const text = withoutSecretsOf(messages, loggedStack(thrown));
  logger.error(`Notification ${oneLine(types, 200)}: ${what}: ${oneLine(text, 4000)}`);
}

/** The text of an error without the secrets of the notifications: it may well quote the token that it was refused with. */
export function withoutSecretsOf(messages: readonly Pick<Failed, 'context'>[], text: string): string {
  try {
    return messages.reduce((masked, { context }) => withoutSecrets(masked, context), text);
  } catch {
    return 'its text cannot be shown';
  }
}

function positional([message]: readonly BatchedNotification[]): unknown[] {
  return message ? [message.ctxt, message.publisherId, message.eventType, message.payload, message.metadata] : [];
}
