import type {
  DeadLetterContent,
  DeadLetterGroup,
  DeadLetterListing,
  DeadLetterQueueListing,
} from '../../inspect/index.js';
import { counted, oneLine, stringifyJson } from '../../internal.js';
import type { Colour } from '../terminal/colours.js';
import { textTable } from '../terminal/text-table.js';

/** Maximum length of a reason in a table, in characters. */
const MAX_REASON = 80;

const HEADER = ['GROUP', 'COUNT', 'KIND', 'METHOD', 'FROM', 'REASON', 'OLDEST', 'NEWEST', 'REPLAYED', 'EXAMPLE'];

/** Returns a listing as text: a table for each queue. */
export function listingText({ queues, unread }: DeadLetterListing): string {
  const tables = queues.filter(({ total }) => total > 0).map(queueText);
  const failures = unread.map(({ queue, reason }) => `${oneLine(`${queue}: not read: ${reason}`, 1000)}\n`);
  const all = [...tables, ...failures];
  return all.length > 0
    ? all.join('\n')
    : `No dead letters${queues.length > 0 ? ` in ${queues.map(nameOf).join(', ')}` : ''}\n`;
}

const nameOf = ({ queue }: DeadLetterQueueListing) => oneLine(queue, 300);

function queueText(listing: DeadLetterQueueListing): string {
  const { total, read, groups } = listing;
  const count = read < total ? `first ${read} of ${total} messages` : counted(total, 'message');
  const title = `${nameOf(listing)}: ${count}\n`;
  return groups.length > 0
    ? title + textTable([HEADER, ...groups.map(rowOf)], colourOf)
    : `${title}None of them matches\n`;
}

/** A dead letter that was replayed before will fail once more. */
function colourOf(cell: string, column: number): Colour | undefined {
  return HEADER[column] === 'REPLAYED' && cell.includes('×') ? 'yellow' : undefined;
}

function rowOf(group: DeadLetterGroup): string[] {
  const { id, count, kind, name, originalQueue, reason, oldest, newest, failedAgain, replays, example } = group;
  const replayed = replays === 0 ? '-' : `${replays}×${failedAgain < count ? ` (${failedAgain} of ${count})` : ''}`;
  const from = originalQueue ?? '?';
  return [
    id,
    String(count),
    kind,
    name ?? '?',
    from,
    oneLine(reason, MAX_REASON),
    timeText(oldest),
    timeText(newest),
    replayed,
    example.id,
  ];
}

/** Returns a time to the second, in UTC. */
export function timeText(at: number | null): string {
  return at === null ? '?' : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Returns a dead letter as text: a line for each fact, then its headers and its message. */
export function contentText(content: DeadLetterContent): string {
  const { id, queue, originalQueue, kind, name, namespace, version, reason, at, deliveries, replays, size } = content;
  const { requestId, caller, replyQueue, callerIsGone, headers, message, damage, excerpt } = content;
  const reply = callerIsGone ? `${replyQueue} (the caller is gone: a replay makes it a cast)` : replyQueue;
  const facts: [string, string | number | null][] = [
    ['id', id],
    ['queue', queue],
    ['from', originalQueue],
    ['reason', reason],
    ['time', timeText(at)],
    ['deliveries', deliveries],
    ['replayed', replays === 0 ? null : `${replays}×`],
    ['kind', kind],
    [kind === 'notification' ? 'event type' : 'method', name],
    ['namespace', namespace],
    ['version', version],
    ['request id', requestId],
    ['caller', caller],
    ['reply queue', reply],
    ['size', counted(size, 'byte')],
    ['unreadable', damage],
  ];
  const lines = facts
    .filter(([, value]) => value !== null)
    .map(([label, value]) => `${label}: ${oneLine(String(value), 2000)}\n`);
  const body = message === null ? `body: ${excerpt}\n` : `message: ${indented(message)}\n`;
  return `${lines.join('')}headers: ${indented(headers)}\n${body}`;
}

function indented(value: unknown): string {
  // By way of the library's JSON, which knows integers of any size; control characters stay escaped.
  const text = stringifyJson(value);
  try {
    return hasLargeIntegers(value) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function hasLargeIntegers(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasLargeIntegers);
}
