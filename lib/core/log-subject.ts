import { AsyncLocalStorage } from 'node:async_hooks';
import { attemptIn } from './attempt.js';
import type { Dict } from './dict.js';
import { type LogSink, oneLine } from './logger.js';
import { maskText } from './mask-text.js';
import { type Notification, topicOfQueue } from './notification.js';
import type { RpcRequest } from './rpc-message.js';
import { shared } from './shared.js';

/** Request or notification that a log line is about, as far as it is known. */
export interface LogSubject {
  readonly method?: string | undefined;
  readonly eventType?: string | null | undefined;
  readonly namespace?: string | undefined;
  readonly version?: string | undefined;
  readonly exchange?: string | undefined;
  readonly topic?: string | undefined;
  readonly server?: string | undefined;
  readonly queue?: string | undefined;
  readonly messageId?: string | null | undefined;
  readonly replyQueue?: string | undefined;
  readonly attempt?: number | undefined;
  /** Request context, under the keys of the wire. */
  readonly context?: Dict | undefined;
}

/** Facts about the line that is being written. */
interface LineFacts {
  /** Undefined: the line is about the request or notification that is being handled. */
  readonly subject: LogSubject | undefined;
  /** In seconds. */
  readonly duration: number | undefined;
}

/** Place that a message was sent to, or received from. */
export type Place = Pick<LogSubject, 'exchange' | 'topic' | 'server' | 'queue'>;

/** Length of a name in a line, in characters: it comes off the wire. */
const MAX_NAME = 200;

const current = shared('log line', () => new AsyncLocalStorage<LineFacts>());

/**
 * Writes a line about a message that no handler has in work: one that is sent, refused, dropped or dead-lettered. The line ends
 * with the names of the message, and structured loggers get its fields.
 */
export function logAbout(
  logger: LogSink,
  level: keyof LogSink,
  subject: LogSubject,
  text: string,
  duration?: number,
): void {
  current.run({ subject, duration }, () => logger[level](lineOf(text, subject)));
}

/** Writes a line about the message that a handler has in work. Its fields are those of the async context. */
export function logWithin(
  logger: LogSink,
  level: keyof LogSink,
  subject: LogSubject,
  text: string,
  duration?: number,
): void {
  current.run({ subject: undefined, duration }, () => logger[level](lineOf(text, subject)));
}

/** Returns the facts about the line that is being written; undefined for a line of the application. */
export const currentLine = (): LineFacts | undefined => current.getStore();

/** Returns the subject of a received request. */
export function requestSubject(request: RpcRequest, { exchange, topic, server, queue }: Place = {}): LogSubject {
  const { method, msgId, uniqueId, context } = request;
  const attempt = attemptIn(context);
  return { method, exchange, topic, server, queue, messageId: msgId ?? uniqueId, attempt, context };
}

/** Returns the subject of notifications that a handler or an inbox has: what they have in common. */
export function notificationSubject(
  notifications: readonly Pick<Notification, 'eventType' | 'messageId' | 'priority' | 'context'>[],
  queue: string,
): LogSubject {
  const [first] = notifications;
  if (first === undefined) return { queue };
  const { eventType, messageId, priority, context } = first;
  const known: LogSubject = { eventType, topic: topicOfQueue(queue, priority), queue, messageId, context };
  if (notifications.length === 1) return known;
  const isCommon = notifications.every((one) => one.eventType === eventType);
  return { ...known, eventType: isCommon ? eventType : undefined, messageId: undefined, context: undefined };
}

const lineOf = (text: string, subject: LogSubject): string =>
  oneLine(text, Number.POSITIVE_INFINITY) + namesOf(subject);

/** Returns the names of a message as each line ends: ` (method "x", topic "y", request id "…", message id "…")`. */
function namesOf({ context, ...subject }: LogSubject): string {
  const names: [name: string, value: unknown][] = [
    ['method', subject.method],
    ['event type', subject.eventType],
    ['namespace', subject.namespace],
    ['version', subject.version],
    subject.topic === undefined ? ['queue', subject.queue] : ['topic', subject.topic],
    ['request id', context?.['request_id']],
    ['message id', subject.messageId],
    ['reply queue', subject.replyQueue],
  ];
  const known = names.flatMap(([name, value]) =>
    typeof value === 'string' && value !== '' ? [`${name} "${maskText(oneLine(value, MAX_NAME))}"`] : [],
  );
  return known.length > 0 ? ` (${known.join(', ')})` : '';
}

const messageIds = shared('message ids of errors', () => new WeakMap<Error, string>());

/** Keeps the message id of a call that failed without a reply, for the lines about the failure. */
export function keepMessageId(error: Error, messageId: string): void {
  messageIds.set(error, messageId);
}

/** Returns the message id that {@link keepMessageId} has kept. */
export const keptMessageId = (error: Error): string | undefined => messageIds.get(error);
