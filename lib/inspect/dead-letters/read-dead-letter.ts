import { createHash } from 'node:crypto';
import {
  COMPRESSION,
  DEATH,
  type Dict,
  decodeEnvelope,
  decompress,
  type MessageLimits,
  maskSecrets,
  oneLine,
  type RawDelivery,
  readTable,
  stringifyJson,
  toError,
  withoutSecrets,
} from '../../internal.js';
import { excerptOfBody } from '../body-excerpt.js';
import type { DeadLetter, DeadLetterKind } from './dead-letter.js';
import { type Headers, readDeath } from './death.js';

/** Dead letter with its content, as it is on the wire. */
export interface ReadDeadLetter {
  readonly letter: DeadLetter;
  readonly headers: Headers;
  /** Decoded message, with its secrets; null where it is unreadable. */
  readonly message: Dict | null;
  /** Why it is unreadable. */
  readonly damage: string | null;
}

/** Maximum size of a body that is decoded for a list, in bytes. */
export const MAX_LISTED_BYTES = 1024 * 1024;

/** Maximum length of an excerpt, in characters. */
const MAX_EXCERPT = 200;
/** Number of bytes of a body that the excerpt of an unreadable one, or the name in a large one, is taken from. */
const MAX_BEGINNING = 64 * 1024;
/** Maximum length of a name from the wire, in characters. */
const MAX_NAME = 200;

/** Method or event type in the beginning of a body that is not decoded, inside an envelope or outside. */
const NAME = /\\?"(method|event_type)\\?":\s{0,4}\\?"([^"\\]{1,200})/;
const MSG_ID = /\\?"_msg_id\\?":\s{0,4}\\?"/;

/** Reads a message of a dead-letter queue. Never throws. @param maxBytes maximum size of a body that is decoded */
export function readDeadLetter(
  raw: Pick<RawDelivery, 'body' | 'properties'>,
  queue: string,
  limits: MessageLimits,
  maxBytes = MAX_LISTED_BYTES,
): ReadDeadLetter {
  const { body, properties } = raw;
  const headers = headersOf(properties);
  const { message, damage } = decoded(body, headers, limits, maxBytes);
  const death = readDeath(headers, queue);
  const content = message ? contentOf(message) : beginningOf(body, headers);
  const letter: DeadLetter = {
    id: idOf(body, headers, death),
    queue,
    ...death,
    reason: withoutSecrets(death.reason, message ?? {}),
    ...content,
    size: body.length,
  };
  return { letter, headers, message: content.kind === 'unreadable' ? null : message, damage };
}

type Content = Pick<
  DeadLetter,
  'kind' | 'name' | 'namespace' | 'version' | 'requestId' | 'caller' | 'replyQueue' | 'excerpt'
>;

function headersOf({ headerTable, headers: known }: RawDelivery['properties']): Headers {
  const headers: Record<string, unknown> = headerTable ? readTable(headerTable) : {};
  const deaths: unknown = known.get(DEATH);
  // Of a large table, only the first fields are kept. RabbitMQ adds its own to the end.
  if (headers[DEATH] === undefined && Buffer.isBuffer(deaths)) {
    const field = Buffer.concat([Buffer.from([DEATH.length]), Buffer.from(`${DEATH}A`), deaths]);
    headers[DEATH] = readTable(field)[DEATH];
  }
  return headers;
}

function decoded(
  body: Buffer,
  headers: Headers,
  limits: MessageLimits,
  maxBytes: number,
): Pick<ReadDeadLetter, 'message' | 'damage'> {
  if (body.length > maxBytes)
    return { message: null, damage: `it has ${body.length} bytes; up to ${maxBytes} are decoded` };
  try {
    const message = decodeEnvelope(decompress(body, headers[COMPRESSION], limits), limits);
    const isKnown = kindOf(message) !== 'unreadable';
    return { message, damage: isKnown ? null : 'it is neither a request nor a notification' };
  } catch (error) {
    return { message: null, damage: oneLine(toError(error).message) };
  }
}

function kindOf(message: Dict): DeadLetterKind {
  if (typeof message['method'] === 'string') return textOf(message['_msg_id']) === null ? 'cast' : 'call';
  return typeof message['event_type'] === 'string' ? 'notification' : 'unreadable';
}

function contentOf(message: Dict): Content {
  const kind = kindOf(message);
  const isNotification = kind === 'notification';
  const value = kind === 'unreadable' ? message : isNotification ? message['payload'] : message['args'];
  const user = message['_context_user_id'] ?? message['_context_user'];
  return {
    kind,
    name: shortened(isNotification ? message['event_type'] : message['method']),
    namespace: shortened(message['namespace']),
    version: shortened(message['version']),
    requestId: shortened(message['_context_request_id']),
    caller: shortened(isNotification ? message['publisher_id'] : user),
    replyQueue: kind === 'call' ? textOf(message['_reply_q']) : null,
    excerpt: oneLine(stringifyJson(maskSecrets(value ?? null)), MAX_EXCERPT),
  };
}

/** Reads a body that is not decoded, as far as its beginning shows it. */
function beginningOf(body: Buffer, headers: Headers): Content {
  const text = headers[COMPRESSION] ? '' : body.toString('utf8', 0, MAX_BEGINNING);
  const [, member, name = null] = NAME.exec(text) ?? [];
  const isCall = () =>
    MSG_ID.test(text) || MSG_ID.test(body.toString('utf8', Math.max(0, body.length - MAX_BEGINNING)));
  const isLarge = body.length > MAX_LISTED_BYTES;
  const kind =
    !isLarge || name === null ? 'unreadable' : member === 'method' ? (isCall() ? 'call' : 'cast') : 'notification';
  return {
    kind,
    name: isLarge ? name : null,
    namespace: null,
    version: null,
    requestId: null,
    caller: null,
    replyQueue: null,
    excerpt: headers[COMPRESSION] ? '' : excerptOfBody(body, MAX_EXCERPT),
  };
}

function idOf(
  body: Buffer,
  headers: Headers,
  { at, reason, replays }: DeadLetter | ReturnType<typeof readDeath>,
): string {
  const hash = createHash('sha256').update(body);
  return hash
    .update(JSON.stringify([at, reason, replays, headers['x-original-queue'] ?? null]))
    .digest('hex')
    .slice(0, 12);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function shortened(value: unknown): string | null {
  const text = textOf(value);
  return text === null ? null : oneLine(text, MAX_NAME);
}
