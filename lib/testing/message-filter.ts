import { ConfigurationError, checkNames, type Priority } from '../internal.js';
import type { Sent } from './entry.js';
import type { AnyRecord } from './records.js';

/** Fields of the messages that are meant. Absent fields match everything. */
export interface MessageFilter {
  /** Kind of the message. A reply is meant only where this says so. @default any kind but replies */
  kind?: 'call' | 'cast' | 'notification' | 'reply' | undefined;
  /** Name of the method. A reply has the method of its call. */
  method?: string | RegExp | undefined;
  /** Type of the event of a notification. */
  eventType?: string | RegExp | undefined;
  /** Topic of the target, or of the notification. */
  topic?: string | undefined;
  /** Exchange. */
  exchange?: string | undefined;
  /** Namespace of the target. */
  namespace?: string | undefined;
  /** Version of the target. */
  version?: string | undefined;
  /** Server of the target. */
  server?: string | undefined;
  /** True for fanouts, false for other requests. */
  fanout?: boolean | undefined;
  /** Priority of a notification. */
  priority?: Priority | undefined;
  /** Publisher of a notification. */
  publisherId?: string | undefined;
  /** Arguments to contain; further ones are ignored, at any depth. Asymmetric matchers work. */
  args?: object | undefined;
  /** Part of the payload of a notification, as for `args`. */
  payload?: unknown;
  /** Part of the request context, under its keys on the wire, as for `args`. */
  context?: object | undefined;
}

const NAMES = [
  'kind',
  'method',
  'eventType',
  'topic',
  'exchange',
  'namespace',
  'version',
  'server',
  'fanout',
  'priority',
  'publisherId',
  'args',
  'payload',
  'context',
] as const satisfies (keyof MessageFilter)[];

/** Fields of a message, under the names of a filter. */
export type Fields = { readonly [N in (typeof NAMES)[number]]?: unknown };

/** Returns the fields of a message. @param kind of the message: the reply to a call has the fields of the call */
export function fieldsOf(sent: Sent, kind: Fields['kind'] = sent.kind): Fields {
  if (sent.kind === 'notification') return { ...sent };
  const { exchange, topic, namespace, version, server, fanout = false } = sent.target;
  const { method, args, context } = sent;
  return { kind, method, args, context, exchange, topic, namespace, version, server, fanout };
}

/** Returns a filter; a text is a method. @throws ConfigurationError for an unknown field or an ill-typed filter */
export function filterOf(filter: MessageFilter | string, where: string): MessageFilter {
  const fields = typeof filter === 'string' ? { method: filter } : filter;
  checkFilter(fields, where);
  return fields;
}

/** Checks a filter. @throws ConfigurationError for an unknown field or an ill-typed filter */
export function checkFilter(filter: unknown, where: string): void {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    throw new ConfigurationError(`${where}: expected a filter, such as { method: 'add' }, or a method`);
  checkNames(filter, NAMES, `field of the filter of ${where}`);
}

/**
 * Returns a function that is true for the records of a filter: `broker.calls.filter(matching({ topic: 'stock' }))`.
 * @param filter fields of the messages, or a method
 * @throws ConfigurationError for an unknown field
 */
export function matching(filter: MessageFilter | string): (record: AnyRecord) => boolean {
  const fields = filterOf(filter, 'matching');
  return (record) => matches(fields, fieldsOf(record));
}

/** Returns true for a message with all fields of the filter. */
export function matches(filter: MessageFilter, fields: Fields): boolean {
  return (fields.kind !== 'reply' || filter.kind === 'reply') && differences(filter, fields).length === 0;
}

/** Returns the names of the fields of the filter that a message does not have. */
export function differences(filter: MessageFilter, fields: Fields): string[] {
  return NAMES.filter((name) => filter[name] !== undefined && !includes(fields[name], filter[name]));
}

/** Returns true where a value is, or contains, the expected one. Further members of objects are ignored, at any depth. */
export function includes(actual: unknown, expected: unknown): boolean {
  if (isAsymmetric(expected)) return expected.asymmetricMatch(actual);
  if (expected instanceof RegExp) return typeof actual === 'string' && new RegExp(expected).test(actual);
  if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected);
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(expected)) return false;
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length) return false;
  return Object.entries(expected).every(([name, value]) => includes(Reflect.get(actual, name), value));
}

/** Matcher of vitest or jest, such as `expect.any(String)`. */
interface Asymmetric {
  asymmetricMatch(value: unknown): boolean;
  toAsymmetricMatcher?(): string;
}

/** Returns true for a matcher of vitest or jest. */
export function isAsymmetric(value: unknown): value is Asymmetric {
  return (
    typeof value === 'object' &&
    value !== null &&
    'asymmetricMatch' in value &&
    typeof value.asymmetricMatch === 'function'
  );
}
