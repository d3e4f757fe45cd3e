import type { Dict } from '../core/dict.js';
import { currentLine, type LogSubject, logWithin } from '../core/log-subject.js';
import { type LogSink, oneLine } from '../core/logger.js';
import { textIn } from './context-keys.js';
import { getCurrentNotification, getCurrentRequest, getCurrentRequestContext } from './current-request.js';
import { contextDict } from './serializer.js';

/**
 * Fields of the request or notification that a log line is about, for structured loggers. Unknown ones are absent.
 */
export interface LogFields {
  /** Id of the request. */
  readonly requestId?: string | undefined;
  /** Id of the request from outside that this one belongs to. */
  readonly globalRequestId?: string | undefined;
  /** Id of the user. */
  readonly userId?: string | undefined;
  /** Id of the project. */
  readonly projectId?: string | undefined;
  /** Exchange that is listened on. */
  readonly exchange?: string | undefined;
  /** Topic that is listened on. */
  readonly topic?: string | undefined;
  /** Name of the server. */
  readonly server?: string | undefined;
  /** Queue of a message that is refused, dropped or dead-lettered. */
  readonly queue?: string | undefined;
  /** RPC method. */
  readonly method?: string | undefined;
  /** Event type of the notification. */
  readonly eventType?: string | undefined;
  /** Message id of the call or notification, or the unique id of the cast. */
  readonly messageId?: string | undefined;
  /** Number of the attempt, for a request that its caller has sent again: 2 or more. */
  readonly attempt?: number | undefined;
  /** Seconds that the call or handler took, in a line about a slow one. */
  readonly duration?: number | undefined;
}

/** Length of a field, in characters: the values come off the wire. */
const MAX_FIELD = 200;

/** Fields that the request context has. */
const OF_CONTEXT = ['requestId', 'globalRequestId', 'userId', 'projectId'] as const satisfies (keyof LogFields)[];

/** Fields that a message has. */
const OF_MESSAGE = ['exchange', 'topic', 'server', 'queue', 'method', 'eventType', 'messageId'] as const satisfies (
  | keyof LogFields
  | keyof LogSubject
)[];

/**
 * Returns the fields of the request or notification that is being handled; while the library writes a line about another
 * message, those of that one. An empty object elsewhere. It never throws, and returns no secret. For the hook of a structured
 * logger, such as pino's `mixin`.
 */
export function getLogFields(): LogFields {
  const line = currentLine();
  const subject = line?.subject ?? handledSubject();
  const context = currentContext();
  const fields: Record<string, unknown> = {};
  for (const field of OF_CONTEXT) fields[field] = textIn(context, field);
  for (const field of OF_MESSAGE) fields[field] = subject[field];
  const texts = Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (isText(value) ? [[name, shortened(value)]] : [])),
  );
  const { attempt = 1 } = subject;
  const repeated = attempt > 1 ? { ...texts, attempt } : texts;
  return line?.duration === undefined ? repeated : { ...repeated, duration: line.duration };
}

/** Writes a line about the request or notification that is being handled, with its names. */
export function logHandled(logger: LogSink, level: keyof LogSink, text: string): void {
  logWithin(logger, level, { ...handledSubject(), context: currentContext() }, text);
}

/** Returns the request or notification that is being handled. */
function handledSubject(): LogSubject {
  const request = getCurrentRequest();
  const notification = getCurrentNotification();
  const target = request?.getTarget();
  return {
    exchange: target?.exchange,
    topic: target?.topic ?? notification?.topic ?? undefined,
    server: target?.server,
    method: request?.getMethod(),
    eventType: notification?.eventType,
    messageId: request?.getMessageId() ?? notification?.messageId,
    attempt: request?.getAttempt(),
  };
}

/**
 * Returns the request context of the message that a line is about, under the keys of the wire; an empty one where there is
 * none, or where it cannot be read.
 */
export function currentContext(): Dict {
  const subject = currentLine()?.subject;
  return subject ? (subject.context ?? {}) : readableContext(getCurrentRequestContext);
}

/** Returns a request context under the keys of the wire; an empty one where it cannot be read. */
export function readableContext(read: () => unknown): Dict {
  try {
    return contextDict(read());
  } catch {
    // A log line must be written in any case.
    return {};
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A logger that writes texts, not JSON, must not get a second line from the wire. */
const shortened = (value: string): string => oneLine(value, MAX_FIELD);
