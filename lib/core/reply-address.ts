import { createHash } from 'node:crypto';
import type { Dict, RequestIds } from './message.js';
import { endOfString } from './python-json.js';

/** What can be said of a message before it is known to be sound: enough to answer a request with a refusal. */
export type ReplyAddress = Pick<RequestIds, 'msgId' | 'replyQueue' | 'uniqueId'>;

/** A longer id is remembered by its hash: ids outlive their messages, and a peer may send megabytes of one. */
const LONGEST_ID = 200;
/** A body over the limit may be so many times longer and still be looked through: up to what brokers let through, by default. */
const FURTHEST = 8;
const ENVELOPE = ['oslo.message'];
const ADDRESS = ['_msg_id', '_reply_q', '_unique_id'];
/** Longer names are none of these, however they are escaped. */
const LONGEST_NAME = 80;
/** JSON knows four kinds of white space. */
const COLON = /[ \t\n\r]*:/y;

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export function readReplyAddress(message: Dict): ReplyAddress {
  return {
    // Python takes an empty one for none, too.
    msgId: stringOf(message['_msg_id']) || undefined,
    replyQueue: stringOf(message['_reply_q']),
    uniqueId: bounded(stringOf(message['_unique_id'])),
  };
}

function bounded(id: string | undefined): string | undefined {
  return id === undefined || id.length <= LONGEST_ID ? id : createHash('sha256').update(id).digest('hex');
}

/**
 * Where the sender of a body waits for an answer, found in one pass over the text, without parsing it: it may be too
 * large, too deep or no JSON at all. Nothing where that cannot be told.
 * @param limit bytes that a body may have
 */
export function findReplyAddress(body: Buffer, limit: number): ReplyAddress | undefined {
  if (body.length > limit * FURTHEST) return undefined;
  const text = body.toString('utf8');
  const inner = textsIn(text, ENVELOPE).get('oslo.message');
  const found = textsIn(inner ?? text, ADDRESS);
  return found.size === 0 ? undefined : readReplyAddress(Object.fromEntries(found));
}

/** Those members of the outermost object in the text that have these names, and are texts. */
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
  const name = end - start > LONGEST_NAME ? undefined : textAt(text, start, end);
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
