import type { Dict } from '../core/dict.js';
import { oneLine } from '../core/logger.js';
import { getCurrentRequest, getCurrentRequestContext } from './current-request.js';
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
  /** RPC method. */
  readonly method?: string | undefined;
  /** Message id of the call, or the unique id of the cast. */
  readonly messageId?: string | undefined;
}

/** Length of a field, in characters: the values come off the wire. */
const MAX_FIELD = 200;

/** Keys of a field in the request context, in the order of preference. */
const CONTEXT_KEYS = {
  requestId: ['request_id'],
  globalRequestId: ['global_request_id'],
  userId: ['user_id', 'user'],
  projectId: ['project_id', 'project', 'tenant_id', 'tenant'],
} as const satisfies Partial<Record<keyof LogFields, readonly string[]>>;

/**
 * Returns the fields of the request or notification that is being handled. An empty object elsewhere. It never throws, and
 * returns no secret. For the hook of a structured logger, such as pino's `mixin`.
 */
export function getLogFields(): LogFields {
  const context = currentContext();
  const request = getCurrentRequest();
  const target = request?.getTarget();
  const fields: Record<string, unknown> = {};
  for (const [field, keys] of Object.entries(CONTEXT_KEYS))
    fields[field] = keys.map((key) => context[key]).find(isText);
  fields['exchange'] = target?.exchange;
  fields['topic'] = target?.topic;
  fields['method'] = request?.getMethod();
  fields['messageId'] = request?.getMessageId();
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (isText(value) ? [[name, shortLine(value)]] : [])),
  );
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
const shortLine = (value: string): string => oneLine(value, MAX_FIELD);
