import { createHash } from 'node:crypto';
import type { Dict, RequestIds } from './message.js';

/** What can be said of a message before it is known to be sound: enough to answer a request with a refusal. */
export type ReplyAddress = Pick<RequestIds, 'msgId' | 'replyQueue' | 'uniqueId'>;

/** A longer id is remembered by its hash: ids outlive their messages, and a peer may send megabytes of one. */
const LONGEST_ID = 200;
/** How far behind its name a member may end. */
const WINDOW = 400;
/** Behind the name of a member with a plain text, however often the JSON around it is escaped. */
const MEMBER = /^(\\*)"\s{0,9}:\s{0,9}\1"([\w.:@-]{1,250})\1"/;

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
 * Where the sender of a body waits for an answer, found without reading it: it may be too large, too deep or no JSON at
 * all. What is not there exactly once could be somebody else's, and is not found.
 */
export function findReplyAddress(body: Buffer): ReplyAddress | undefined {
  const msgId = onlyMember(body, '_msg_id');
  const replyQueue = onlyMember(body, '_reply_q');
  return msgId === undefined || replyQueue === undefined ? undefined : { msgId, replyQueue, uniqueId: undefined };
}

function onlyMember(body: Buffer, name: string): string | undefined {
  const quoted = `"${name}`;
  const at = body.indexOf(quoted);
  if (at < 0 || body.lastIndexOf(quoted) !== at) return undefined;
  const start = at + quoted.length;
  return MEMBER.exec(body.toString('latin1', start, start + WINDOW))?.[2];
}
