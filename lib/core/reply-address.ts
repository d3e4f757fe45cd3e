import { createHash } from 'node:crypto';
import type { Dict } from './dict.js';
import { endOfString } from './python-json.js';

/** Ids of a message and the address of its reply: enough to answer a request that cannot be read otherwise. */
export interface ReplyAddress {
  /** Fresh for each publish; receivers drop duplicates by it. */
  readonly uniqueId: string | undefined;
  /** Id of the call; undefined for a cast. */
  readonly msgId: string | undefined;
  /** Queue of the caller; undefined for a cast. */
  readonly replyQueue: string | undefined;
}

/** Maximum length of an id that is kept as it is. Longer ones are hashed: ids outlive their messages in memory. */
const MAX_ID_LENGTH = 200;
/** Maximum size of a body that is searched, as a multiple of `limits.bodyBytes`: 128 MiB by default, as for brokers. */
const MAX_SEARCHED_RATIO = 8;
const ENVELOPE = ['oslo.message'];
const ADDRESS = ['_msg_id', '_reply_q', '_unique_id'];
/** Maximum length of a member name that is compared, in its escaped form; longer ones cannot match. */
const MAX_NAME_LENGTH = 80;
/** Colon after the white space of JSON. */
const COLON = /[ \t\n\r]*:/y;

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Reads the reply address of a parsed message. */
export function readReplyAddress(message: Dict): ReplyAddress {
  return {
    // Python treats an empty id as absent, too.
    msgId: stringOf(message['_msg_id']) || undefined,
    replyQueue: stringOf(message['_reply_q']),
    uniqueId: bounded(stringOf(message['_unique_id'])),
  };
}

function bounded(id: string | undefined): string | undefined {
  return id === undefined || id.length <= MAX_ID_LENGTH ? id : createHash('sha256').update(id).digest('hex');
}

/**
 * Finds the reply address of a body that may be too large, too deep or not JSON. Scans the text once without parsing it.
 * Returns undefined when there is none.
 * @param limit maximum size of a valid body, in bytes
 */
export function findReplyAddress(body: Buffer, limit: number): ReplyAddress | undefined {
  if (body.length > limit * MAX_SEARCHED_RATIO) return undefined;
  const text = body.toString('utf8');
  const inner = textsIn(text, ENVELOPE).get('oslo.message');
  const found = textsIn(inner ?? text, ADDRESS);
  return found.size === 0 ? undefined : readReplyAddress(Object.fromEntries(found));
}

/** Returns the members of the outermost object that have these names and string values. */
function textsIn(text: string, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  let depth = 0;
  let name: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    if (code !== 0x22) continue;
    const start = index;
    index = endOfString(text, start);
    if (index < 0) break;
    if (depth !== 1) continue;
    if (isFollowedByColon(text, index + 1)) name = nameAt(text, start, index, names);
    else if (name !== undefined) {
      found.set(name, textAt(text, start, index) ?? '');
      name = undefined;
    }
  }
  return found;
}

function nameAt(text: string, start: number, end: number, names: readonly string[]): string | undefined {
  const name = end - start > MAX_NAME_LENGTH ? undefined : textAt(text, start, end);
  return name !== undefined && names.includes(name) ? name : undefined;
}

function textAt(text: string, start: number, end: number): string | undefined {
  try {
    return JSON.parse(text.slice(start, end + 1)) as string;
  } catch {
    return undefined;
  }
}

function isFollowedByColon(text: string, index: number): boolean {
  COLON.lastIndex = index;
  return COLON.test(text);
}
