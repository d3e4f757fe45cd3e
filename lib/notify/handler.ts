import { type Around, aroundOf } from '../core/chain.js';
import type { BrokerKind, ServedNotifications } from '../core/instrumentation.js';
import { logWithin, notificationSubject } from '../core/log-subject.js';
import { type LogSink, oneLine } from '../core/logger.js';
import type { ObserverSlot } from '../core/message-observer.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import { withoutSecrets } from '../core/secrets.js';
import { loggedStack } from '../core/thrown.js';
import type { IncomingNotification } from '../drivers/driver.js';
import { type RequestScope, runAsRequest, runWhereFailed } from '../messaging/current-request.js';
import { contextDict } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import type { BatchedNotification, BatchListenerEndpoint, ListenerEndpoint } from './endpoint.js';
import type { NotificationFilter } from './filter.js';
import { handledOf, inCommon } from './handled.js';

/** Notification as it arrived, for instrumentation. */
export type ArrivedNotification = Pick<IncomingNotification, 'notification' | 'headers' | 'queue'>;

/** Method that handles notifications. */
export interface NotificationHandler {
  /** Name in log lines. */
  readonly name: string;
  readonly priorities: readonly Priority[];
  /** Filter of the notifications; undefined for all. */
  readonly filter: Pick<NotificationFilter, 'match'> | undefined;
  /** True where a refused notification is delivered again, to this handler only. */
  readonly allowRequeue: boolean;
  /** Handles notifications of one priority, deserialized and as they arrived. The result counts for all of them. It refuses them by REQUEUE, or by an error, which it logs. */
  handle(messages: readonly BatchedNotification[], arrived: readonly ArrivedNotification[]): unknown;
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
  readonly observer: ObserverSlot;
  readonly broker: BrokerKind;
}

/** Returns the logger and the instrumentation of a transport. */
export function watchingOf({
  settings,
  broker,
  observer,
}: Pick<Transport, 'settings' | 'broker' | 'observer'>): Watching {
  const { logger, instrumentation } = settings;
  return { logger, around: aroundOf(instrumentation.map(({ listener }) => listener)), observer, broker };
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
      handle: (messages, arrived) =>
        runHandler(watching, { handler: name, arrived }, messages, () =>
          runAsRequest(scopeOf(messages, arrived, !batch), () => call(batch ? [messages] : positional(messages))),
        ),
    };
  });
}

/** Name of a handler, and the notifications that it is about to handle. */
export interface Handled {
  readonly handler: string;
  readonly arrived: readonly ArrivedNotification[];
}

/**
 * Runs a handler within the instrumentation, and logs its error before throwing it.
 * @param messages the notifications that are served, deserialized
 */
export async function runHandler(
  watching: Watching,
  handled: Handled,
  messages: readonly BatchedNotification[],
  work: () => unknown,
): Promise<unknown> {
  const { current: observer } = watching.observer;
  if (observer === undefined) return runWithin(watching, handled, messages, work);
  const { handler, arrived } = handled;
  const notifications = arrived.map(({ notification }) => notification);
  const observed = observer.hearing(arrived[0]?.queue ?? '', notifications, handler);
  try {
    const result = await runWithin(watching, handled, messages, work);
    observed?.done(result);
    return result;
  } catch (error) {
    observed?.failed(error);
    throw error;
  }
}

async function runWithin(
  { logger, around, broker }: Watching,
  { handler, arrived }: Handled,
  messages: readonly BatchedNotification[],
  work: () => unknown,
): Promise<unknown> {
  try {
    if (around === undefined) return await work();
    const notifications = arrived.map(({ notification }) => notification);
    const headers = arrived.map((one) => one.headers);
    const { queue = '' } = arrived[0] ?? {};
    const served = { notifications, headers, queue, broker, handler };
    // What it logs belongs to the notification.
    return await runAsRequest(scopeOf(messages, arrived), () => around(served, async () => work()));
  } catch (error) {
    const [first] = messages;
    const log = () => logFailure(logger, messages.map(fromHandler), arrived, `${handler} failed`, error);
    if (first) runWhereFailed(first, () => scopeOf(messages, arrived), log);
    throw error;
  }
}

/** Returns the scope of notifications. @param hasContext true where they belong to a request: several do not */
function scopeOf(
  messages: readonly BatchedNotification[],
  arrived: readonly ArrivedNotification[],
  hasContext = messages.length === 1,
): RequestScope {
  const readContext = () => (hasContext ? messages[0]?.ctxt : undefined);
  return { readContext, incoming: undefined, view: undefined, handled: inCommon(arrived.map(handledOf)) };
}

/** Parts of a notification for the log line about a failure. */
interface Failed {
  readonly eventType: string | null;
  /** Under the keys of the wire. */
  readonly context: object;
}

const fromHandler = ({ eventType, ctxt }: BatchedNotification): Failed => ({ eventType, context: contextDict(ctxt) });

/**
 * Logs one line with the event types of the notifications and the stack of the error.
 * @param write `logAbout` outside of the async context of the notifications
 */
export function logFailure(
  logger: LogSink,
  messages: readonly Failed[],
  arrived: readonly ArrivedNotification[],
  what: string,
  thrown: unknown,
  write = logWithin,
): void {
  const types = [...new Set(messages.map(({ eventType }) => eventType))].join(', ');
  const text = withoutSecretsOf(messages, loggedStack(thrown));
  const notifications = arrived.map(({ notification }) => notification);
  const subject = notificationSubject(notifications, arrived[0]?.queue ?? '');
  write(logger, 'error', subject, `Notification "${oneLine(types, 200)}": ${what}: ${oneLine(text, 4000)}`);
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
