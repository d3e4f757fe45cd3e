import { readFileSync } from 'node:fs';

/** A body that no well-behaved peer sends. Exactly one of `pieces`, `base64`, `message`, `messageText` and `nested` makes it. */
export interface BadBody {
  name: string;
  /** Texts in a row; a pair is a text and how often it is repeated. */
  pieces?: (string | [string, number])[];
  base64?: string;
  /** A message for the envelope; the ids are added where it does not name them. */
  message?: Record<string, unknown>;
  /** The same as text, for what JSON cannot say. */
  messageText?: string;
  /** A sound message but for a value that is nested so deep. */
  nested?: number;
  /** The envelope's version, as JSON text. @default '"2.0"' */
  version?: string;
}

export interface BadRequest extends BadBody {
  /** `result`, the class of the failure, or null where there is no answer. */
  answer: string | null;
}

export interface BadReply extends BadBody {
  /** `result`, the class of the error, or null where the call still waits for its reply. */
  settles: string | null;
}

function read<T>(path: string): T[] {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as T[];
}

export const badRequests = read<BadRequest>('../vectors/bad/requests.json');
export const badReplies = read<BadReply>('../vectors/bad/replies.json');
export const badNotifications = read<BadBody>('../vectors/bad/notifications.json');
/** Bad messages found by fuzzing and by thinking. */
export const badBodies = read<BadBody>('../security/corpus/bodies.json');

export interface Ids {
  msgId: string;
  replyQueue: string;
}

/** The body with real ids in it. */
export function bodyOf(bad: BadBody, { msgId, replyQueue }: Ids): Buffer {
  const { pieces, base64, version = '"2.0"' } = bad;
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  const text = pieces
    ? pieces.map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('')
    : `{"oslo.version": ${version}, "oslo.message": ${JSON.stringify(messageOf(bad))}}`;
  return Buffer.from(text.replace('MSG_ID', msgId).replace('REPLY_QUEUE', replyQueue));
}

function messageOf({ message, messageText, nested }: BadBody): string {
  if (messageText !== undefined) return messageText;
  const ids = { _msg_id: 'MSG_ID', _reply_q: 'REPLY_QUEUE' };
  if (nested === undefined) return JSON.stringify({ ...ids, ...message });
  const deep = '['.repeat(nested) + ']'.repeat(nested);
  return `{"method": "echo", "args": {"x": ${deep}}, "result": ${deep}, "ending": true, ${JSON.stringify(ids).slice(1)}`;
}
