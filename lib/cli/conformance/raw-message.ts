import { type Dict, newId, stringifyJson } from '../../internal.js';

/** Parts of a request besides method and arguments. */
export interface RequestFields {
  namespace?: string;
  version?: string;
  context?: Dict;
  /** `_timeout`: the caller asks for heartbeats. */
  monitor?: unknown;
  uniqueId?: string;
  /** Members beside those that the protocol knows. */
  extra?: Dict;
}

/** Whom to answer; a cast has none. */
export interface ReplyAddress {
  msgId: string;
  replyQueue: string;
}

/** A request, written out member by member: the library's own codec is not what judges its peers. */
export function requestMessage(
  method: string,
  args: object,
  { namespace, version, context = {}, monitor, uniqueId = newId(), extra = {} }: RequestFields = {},
  reply?: ReplyAddress,
): Dict {
  return {
    method,
    args,
    ...(namespace !== undefined && { namespace }),
    ...(version !== undefined && { version }),
    ...Object.fromEntries(Object.entries(context).map(([key, value]) => [`_context_${key}`, value])),
    ...(reply && { _msg_id: reply.msgId, _reply_q: reply.replyQueue, _timeout: monitor ?? null }),
    _unique_id: uniqueId,
    ...extra,
  };
}

/** JSON inside JSON, as envelope 2.0 has it. */
export function envelope(message: Dict, version: unknown = '2.0', extra: Dict = {}): string {
  return stringifyJson({ 'oslo.version': version, 'oslo.message': stringifyJson(message), ...extra });
}
