import { ConfigurationError } from '../core/errors.js';
import { fromPythonRegex } from './python-regex.js';

/**
 * A regular expression, matched at the beginning of the value as Python's `re.match` does. A text is one of Python's,
 * and refused where JavaScript has no counterpart; a RegExp is taken as it is.
 */
export type Pattern = string | RegExp;

/** Patterns by key. A key with dots, or an object of patterns, reaches into what is nested. */
export interface Patterns {
  readonly [key: string]: Pattern | Patterns;
}

/** What a filter looks at. All that is given must match. */
export interface NotificationFilterFields {
  context?: Patterns | undefined;
  publisherId?: Pattern | undefined;
  eventType?: Pattern | undefined;
  /** Keys: `message_id` (or `messageId`) and `timestamp`. */
  metadata?: Patterns | undefined;
  payload?: Patterns | undefined;
}

/** What a notification shows to a filter. */
export interface Filtered {
  readonly context: unknown;
  readonly publisherId: unknown;
  readonly eventType: unknown;
  readonly metadata: unknown;
  readonly payload: unknown;
}

type Test = (notification: Filtered) => boolean;

const FIELDS = ['context', 'publisherId', 'eventType', 'metadata', 'payload'] as const;
const KEYED = new Set<string>(['context', 'metadata', 'payload']);

/**
 * Which notifications an endpoint gets: its `filterRule`. Only text matches; an absent key, a number or null does not.
 * Source: oslo_messaging.NotificationFilter, which has no nested keys.
 */
export class NotificationFilter {
  private readonly tests: readonly Test[];

  /** @throws ConfigurationError for a field that is unknown, or a pattern that is no regular expression */
  constructor(fields: NotificationFilterFields = {}) {
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

  /** Whether all that the filter asks for is there. */
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

/** The value under the key, dots and all, or else under its parts one after the other. Own keys only. */
function reach(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, key)) return Object.getOwnPropertyDescriptor(value, key)?.value;
  for (let dot = key.indexOf('.'); dot > 0; dot = key.indexOf('.', dot + 1)) {
    const found = reach(reach(value, key.slice(0, dot)), key.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
