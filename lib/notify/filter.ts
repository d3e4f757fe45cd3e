import { ConfigurationError } from '../core/errors.js';
import { sharedClass } from '../core/shared.js';
import { fromPythonRegex } from './python-regex.js';

/**
 * Regular expression, matched at the beginning of the value as Python's `re.match` does. A text is in Python's syntax, and
 * is refused where JavaScript has no counterpart. A RegExp is used unchanged.
 */
export type Pattern = string | RegExp;

/** Patterns by key. A key with dots, or an object of patterns, matches nested values. */
export interface Patterns {
  readonly [key: string]: Pattern | Patterns;
}

/** Patterns of a filter. All of them must match. */
export interface NotificationFilterFields {
  /** Patterns of the request context, by its keys on the wire: `user_id`, `project_id`. @default any */
  context?: Patterns | undefined;
  /** Pattern of the publisher. @default any */
  publisherId?: Pattern | undefined;
  /** Pattern of the event type. @default any */
  eventType?: Pattern | undefined;
  /** Patterns of `message_id` (or `messageId`) and `timestamp`. @default any */
  metadata?: Patterns | undefined;
  /** Patterns of the payload, by its keys. @default any */
  payload?: Patterns | undefined;
}

/** Parts of a notification that a filter matches. */
export interface Filtered {
  /** Request context under its keys on the wire. */
  readonly context: unknown;
  /** Publisher. */
  readonly publisherId: unknown;
  /** Event type. */
  readonly eventType: unknown;
  /** Message id and time. */
  readonly metadata: unknown;
  /** Payload. */
  readonly payload: unknown;
}

type Test = (notification: Filtered) => boolean;

const FIELDS = ['context', 'publisherId', 'eventType', 'metadata', 'payload'] as const;
const KEYED = new Set<string>(['context', 'metadata', 'payload']);

/**
 * Filter of the notifications of an endpoint: its `filterRule`. Only text matches; an absent key, a number or null does not.
 * Source: oslo_messaging.NotificationFilter, which has no nested keys.
 */
@sharedClass('NotificationFilter')
export class NotificationFilter {
  private readonly tests: readonly Test[];
  /** @internal Patterns as given, for documents. */
  readonly fields: NotificationFilterFields;

  /** @throws ConfigurationError for an unknown field, and for an invalid regular expression */
  constructor(fields: NotificationFilterFields = {}) {
    this.fields = fields;
    for (const name of Object.keys(fields)) {
      if (!FIELDS.some((field) => field === name))
        throw new ConfigurationError(`NotificationFilter: "${name}" is unknown; known are ${FIELDS.join(', ')}`);
    }
    this.tests = FIELDS.flatMap((name) => {
      const rule = fields[name];
      if (rule === undefined || rule === null) return [];
      const matches = KEYED.has(name) ? compileKeys(rule, name) : compile(rule, name);
      return [(notification) => matches(notification[name])];
    });
  }

  /** Returns true for a notification that matches all patterns. */
  match(notification: Filtered): boolean {
    return this.tests.every((test) => test(notification));
  }
}

function compile(pattern: unknown, name: string): (value: unknown) => boolean {
  if (typeof pattern !== 'string' && !(pattern instanceof RegExp)) {
    throw new ConfigurationError(
      `NotificationFilter.${name}: expected a regular expression; got ${JSON.stringify(pattern)}`,
    );
  }
  try {
    const regex =
      typeof pattern === 'string'
        ? fromPythonRegex(pattern, `NotificationFilter.${name}`)
        : new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}y`);
    return (value) => {
      regex.lastIndex = 0;
      return typeof value === 'string' && regex.test(value);
    };
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    const given = JSON.stringify(String(pattern));
    throw new ConfigurationError(`NotificationFilter.${name}: ${given} is no regular expression`, { cause });
  }
}

function compileKeys(patterns: unknown, name: string): (value: unknown) => boolean {
  if (typeof patterns !== 'object' || patterns === null || Array.isArray(patterns) || patterns instanceof RegExp) {
    throw new ConfigurationError(
      `NotificationFilter.${name}: expected an object of regular expressions by key; got ${JSON.stringify(patterns)}`,
    );
  }
  const tests = Object.entries(patterns).map(([key, pattern]: [string, unknown]) => {
    const path = `${name}.${key}`;
    const nested = typeof pattern === 'object' && !(pattern instanceof RegExp);
    const matches = nested ? compileKeys(pattern, path) : compile(pattern, path);
    return (value: unknown) => matches(reach(value, key));
  });
  return (value) => tests.every((test) => test(value));
}

/** Returns the value under the whole key, else under its parts between the dots. Own keys only. */
function reach(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, key)) return Object.getOwnPropertyDescriptor(value, key)?.value;
  for (let dot = key.indexOf('.'); dot > 0; dot = key.indexOf('.', dot + 1)) {
    const found = reach(reach(value, key.slice(0, dot)), key.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
