import { type Around, aroundOf } from '../core/chain.js';
import type { ServedNotifications } from '../core/instrumentation.js';
import { type LogSink, oneLine } from '../core/logger.js';
import { type Notification, PRIORITIES, type Priority } from '../core/notification.js';
import { withoutSecrets } from '../core/secrets.js';
import type { Settings } from '../core/settings.js';
import { loggedStack } from '../core/thrown.js';
import { runWhereFailed, runWithRequestContext } from '../messaging/current-request.js';
import { contextDict } from '../messaging/serializer.js';
import type { BatchedNotification, BatchListenerEndpoint, ListenerEndpoint } from './endpoint.js';
import type { NotificationFilter } from './filter.js';

/** Method that handles notifications. */
export interface NotificationHandler {
  /** Name in log lines. */
  readonly name: string;
  readonly priorities: readonly Priority[];
  /** Filter of the notifications; undefined for all. */
  readonly filter: Pick<NotificationFilter, 'match'> | undefined;
  /** True where a refused notification is delivered again, to this handler only. */
  readonly allowRequeue: boolean;
  /** Handles notifications of one priority, deserialized and as they were received. The result counts for all of them. It refuses them by REQUEUE, or by an error, which it logs. */
  handle(messages: readonly BatchedNotification[], received: readonly Notification[]): unknown;
}

/** Options of {@link handlersOf}. */
export interface HandlerOptions {
  readonly allowRequeue: boolean;
  /** Methods take an array of notifications. */
  readonly batch: boolean;
  readonly watching: Watching;
}

/** Logger of failures, and instrumentation around handlers; undefined for none. */
export interface Watching {
  readonly logger: LogSink;
  readonly around: Around<ServedNotifications> | undefined;
}

/** Returns the logger and the instrumentation of a transport. */
export function watchingOf({ logger, instrumentation }: Pick<Settings, 'logger' | 'instrumentation'>): Watching {
  return { logger, around: aroundOf(instrumentation.map(({ listener }) => listener)) };
}

/** Returns the methods of an endpoint that are named after priorities. */
export function handlersOf(
  endpoint: ListenerEndpoint | BatchListenerEndpoint,
  { allowRequeue, batch, watching }: HandlerOptions,
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
      handle: (messages, notifications) =>
        runHandler(watching, { handler: name, notifications }, messages, () =>
          batch ? call([messages]) : runWithRequestContext(messages[0]?.ctxt, () => call(positional(messages))),
        ),
    };
  });
}

/**
 * Runs a handler within the instrumentation, and logs its error before throwing it.
 * @param messages the notifications that are served, deserialized
 */
export async function runHandler(
  { logger, around }: Watching,
  served: ServedNotifications,
  messages: readonly BatchedNotification[],
  work: () => unknown,
): Promise<unknown> {
  try {
    return await (around === undefined ? work() : around(served, async () => work()));
  } catch (error) {
    const [first, ...others] = messages;
    const log = () => logFailure(logger, messages.map(fromHandler), `${served.handler} failed`, error);
    // A batch belongs to no request.
    const readContext = () => (others.length === 0 ? first?.ctxt : undefined);
    if (first) runWhereFailed(first, () => ({ readContext, incoming: undefined, view: undefined }), log);
    throw error;
  }
}

/** Parts of a notification for the log line about a failure. */
interface Failed {
  readonly eventType: string | null;
  /** Under the keys of the wire. */
  readonly context: object;
}

const fromHandler = ({ eventType, ctxt }: BatchedNotification): Failed => ({ eventType, context: contextDict(ctxt) });

/** Logs one line with the event types of the notifications and the stack of the error. */
export function logFailure(logger: LogSink, messages: readonly Failed[], what: string, thrown: unknown): void {
  const types = [...new Set(messages.map(({ eventType }) => eventType))].join(', ');
  const text = withoutSecretsOf(messages, loggedStack(thrown));
  logger.error(`Notification "${oneLine(types, 200)}": ${what}: ${oneLine(text, 4000)}`);
}

/** Masks the secrets of notifications in the text of an error, which may quote a token. */
export function withoutSecretsOf(messages: readonly Pick<Failed, 'context'>[], text: string): string {
  try {
    return messages.reduce((masked, { context }) => withoutSecrets(masked, context), text);
  } catch {
    return '(the text of the error cannot be shown)';
  }
}

function positional([message]: readonly BatchedNotification[]): unknown[] {
  return message ? [message.ctxt, message.publisherId, message.eventType, message.payload, message.metadata] : [];
}
