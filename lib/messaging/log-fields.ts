import type { Dict } from '../core/dict.js';
import { oneLine } from '../core/logger.js';
import { textIn } from './context-keys.js';
import { getCurrentNotification, getCurrentRequest, getCurrentRequestContext } from './current-request.js';
import { contextDict } from './serializer.js';

/** Fields of the request or notification that is being handled, for structured log lines. Unknown ones are absent. */
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
  /** RPC method. */
  readonly method?: string | undefined;
  /** Event type of the notification. */
  readonly eventType?: string | undefined;
  /** Message id of the call or notification, or the unique id of the cast. */
  readonly messageId?: string | undefined;
  /** Number of the attempt, for a request that its caller has sent again: 2 or more. */
  readonly attempt?: number | undefined;
}

/** Length of a field, in characters: the values come off the wire. */
const MAX_FIELD = 200;

/** Fields that the request context has. */
const OF_CONTEXT = ['requestId', 'globalRequestId', 'userId', 'projectId'] as const satisfies (keyof LogFields)[];

/**
 * Returns the fields of the request or notification that is being handled. An empty object elsewhere. It never throws, and
 * returns no secret. For the hook of a structured logger, such as pino's `mixin`.
 */
export function getLogFields(): LogFields {
  const context = currentContext();
  const request = getCurrentRequest();
  const target = request?.getTarget();
  const notification = getCurrentNotification();
  const fields: Record<string, unknown> = {};
  for (const field of OF_CONTEXT) fields[field] = textIn(context, field);
  fields['exchange'] = target?.exchange;
  fields['topic'] = target?.topic ?? notification?.topic;
  fields['server'] = target?.server;
  fields['method'] = request?.getMethod();
  fields['eventType'] = notification?.eventType;
  fields['messageId'] = request?.getMessageId() ?? notification?.messageId;
  const texts = Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (isText(value) ? [[name, shortened(value)]] : [])),
  );
  const attempt = request?.getAttempt() ?? 1;
  return attempt > 1 ? { ...texts, attempt } : texts;
}

/** Returns the request context under the keys of the wire; an empty one where there is none, or where it cannot be read. */
export function currentContext(): Dict {
  try {
    return contextDict(getCurrentRequestContext());
  } catch {
    // A log line must be written in any case.
    return {};
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A logger that writes texts, not JSON, must not get a second line from the wire. */
const shortened = (value: string): string => oneLine(value, MAX_FIELD);
