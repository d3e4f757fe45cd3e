import {
  COMPRESSION,
  DEATH_FIELDS,
  DEATHS,
  decompress,
  keepHeaders,
  type MessageLimits,
  ORIGINAL_QUEUE,
  type RawDelivery,
  READ_HEADERS,
  REASON,
  REPLAY_ID,
  REPLAYED,
  TIME,
  TRACE_HEADERS,
} from '../../internal.js';
import type { Copy } from './broker.js';
import type { ReadDeadLetter } from './read-dead-letter.js';

const KEPT: readonly string[] = [...TRACE_HEADERS, COMPRESSION];

/**
 * Headers that a replay leaves out: those of the dead-lettering, counts of deliveries, the caller's deadline, which is over,
 * and the marks that a replay sets.
 */
const REPLACED: ReadonlySet<string> = new Set([
  ...READ_HEADERS.filter((name) => !KEPT.includes(name)),
  ...DEATHS.flatMap((name) => DEATH_FIELDS.map((field) => `${name}${field}`)),
  REASON,
  ORIGINAL_QUEUE,
  TIME,
  REPLAYED,
  REPLAY_ID,
]);
const REPLACED_WITH_COMPRESSION: ReadonlySet<string> = new Set([...REPLACED, COMPRESSION]);

/** Returns the message that a replay publishes: the same body and `_unique_id`, and without an expiration. */
export function replayCopy(raw: RawDelivery, { letter }: ReadDeadLetter, queue: string, replayId: string): Copy {
  const { headerTable } = raw.properties;
  return {
    queue,
    body: raw.body,
    headers: { [REPLAYED]: letter.replays + 1, [REPLAY_ID]: replayId },
    keptHeaders: headerTable && keepHeaders(headerTable, REPLACED),
  };
}

/**
 * Returns the copy of a call as a cast, which no server answers; undefined where that needs a change of more than its id. The
 * reply to a caller that is gone would only be tried for a while.
 */
export function castCopy(
  copy: Copy,
  raw: RawDelivery,
  { message }: ReadDeadLetter,
  limits: MessageLimits,
): Copy | undefined {
  const id = message?.['_msg_id'];
  if (typeof id !== 'string') return undefined;
  const text = decompress(raw.body, raw.properties.headers.get(COMPRESSION), limits).toString('utf8');
  // The text of the message stays as it is, with its digits and the order of its keys.
  const quoted = JSON.stringify(id);
  const changed = [quoted, JSON.stringify(quoted).slice(1, -1)]
    .map((value, escaped) => withoutId(text, escaped === 1 ? '\\"_msg_id\\"' : '"_msg_id"', value))
    .find((one) => one !== undefined);
  if (changed === undefined) return undefined;
  const { headerTable } = raw.properties;
  const keptHeaders = headerTable && keepHeaders(headerTable, REPLACED_WITH_COMPRESSION);
  return { ...copy, body: Buffer.from(changed), keptHeaders };
}

/** Replaces the id by null. Returns undefined where it is not there exactly once. */
function withoutId(text: string, name: string, value: string): string | undefined {
  for (const colon of [': ', ':']) {
    const member = `${name}${colon}${value}`;
    const parts = text.split(member);
    if (parts.length === 2) return parts.join(`${name}${colon}null`);
  }
  return undefined;
}
