import { maskSecrets, oneLine, stringifyJson } from '../internal.js';
import type { Sent } from './entry.js';
import { isAsymmetric, type MessageFilter } from './message-filter.js';
import type { AnyRecord } from './records.js';

/** Maximum length of arguments in a line, in characters. */
const MAX_VALUE_LENGTH = 200;

/** Returns a message in one line: `call "add" to calculator {"a":2}`. Secrets are masked. */
export function describeSent(sent: Sent): string {
  if (sent.kind === 'notification') {
    const { eventType, priority, topic, payload } = sent;
    return `notification "${eventType}" (${priority}) to ${topic} ${describeValue(payload)}`;
  }
  const { kind, method, args } = sent;
  const { topic, server, fanout, version } = sent.target;
  const to = `${topic}${server === undefined ? '' : `.${server}`}${fanout ? ', all servers' : ''}`;
  return `${kind} "${method}" to ${to}${version === undefined ? '' : ` (${version})`} ${describeValue(args)}`;
}

/** Returns a recorded message in one line, with its state. */
export function describeRecord(record: AnyRecord): string {
  const { status, error, faults } = record;
  const parts = [error ? `${status}: ${oneLine(error.message, 100)}` : status, ...faults];
  return `${describeSent(record)}: ${parts.join(', ')}`;
}

/** Returns a line about a message in flight: its handlers, and the faults that it met. */
export function describeFlight(record: AnyRecord): string {
  const servers = record.runs.filter(({ endedAt }) => endedAt === undefined).map(({ server }) => server);
  const where = servers.length > 0 ? `running on ${servers.join(', ')}` : 'waiting';
  return [`${describeSent(record)}: ${where}`, ...record.faults].join(', ');
}

/** Returns a value as short JSON, with secrets masked. */
export function describeValue(value: unknown): string {
  try {
    return oneLine(stringifyJson(maskSecrets(value)), MAX_VALUE_LENGTH);
  } catch {
    return String(value);
  }
}

/** Returns the fields of a filter in one line, with patterns and asymmetric matchers in words. */
export function describeFilter(filter: MessageFilter): string {
  return describeValue(inWords(filter));
}

function inWords(value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  if (isAsymmetric(value)) return value.toAsymmetricMatcher?.() ?? String(value);
  if (Array.isArray(value)) return value.map(inWords);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(given.map(([name, member]) => [name, inWords(member)]));
}
