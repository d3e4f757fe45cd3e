import { dict, NULL, quote, string, type Tree, writeTree } from './json-tree.js';

/** One request of a run, before it has a message id and a reply queue. */
export interface RequestPlan {
  /** Destination: the topic's queue, the server's, or the fanout exchange. */
  route: 'shared' | 'server' | 'fanout';
  /** A call asks for a reply; a cast does not. */
  call: boolean;
  /** The message without its ids. */
  message: [string, Tree][];
  /** The envelope's version as JSON text; undefined for a bare message. */
  envelope: string | undefined;
  /** Number of publishes in a row. With `again`, once more after all other requests. */
  copies: number;
  again: boolean;
  /** True for texts in ASCII with escapes, as Python writes them. */
  ascii: boolean;
}

/** A plan with its place in the run. */
export interface Request extends RequestPlan {
  index: number;
  /** `_unique_id` and `_msg_id`; also the key under which the endpoints record it (context key `request`). */
  id: string;
}

export function bodyOf(request: Request, replyQueue: string): Buffer {
  const ids: [string, Tree][] = request.call
    ? [
        ['_msg_id', string(request.id)],
        ['_reply_q', string(replyQueue)],
        ...(request.message.some(([name]) => name === '_timeout') ? [] : [['_timeout', NULL] as [string, Tree]]),
      ]
    : [];
  const message = dict([
    ...request.message,
    ...ids,
    ['_unique_id', string(request.id)],
    ['_context_request', string(request.id)],
  ]);
  const text = writeTree(message, request.ascii);
  if (request.envelope === undefined) return Buffer.from(text);
  return Buffer.from(`{"oslo.version": ${request.envelope}, "oslo.message": ${quote(text, request.ascii)}}`);
}

/** A request as it is shown in a report. */
export function describeRequest(request: Request): string {
  const { index, route, call, envelope, copies, again, message } = request;
  const text = writeTree(dict(message), true);
  const shown = text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text;
  const marks = [copies > 1 ? `${copies} copies` : '', again ? 'again later' : '', envelope ?? 'no envelope'];
  return `#${index} ${call ? 'call' : 'cast'} to ${route}, ${marks.filter(Boolean).join(', ')}: ${shown}`;
}
