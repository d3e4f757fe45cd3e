import { type Dict, newId, stringifyJson } from '../../internal.js';

/** Members of a request besides method and arguments. */
export interface RequestFields {
  namespace?: string;
  version?: string;
  context?: Dict;
  /** Value of `_timeout`, which requests heartbeats. */
  monitor?: unknown;
  uniqueId?: string;
  /** Members that the protocol does not define. */
  extra?: Dict;
}

/** Address of the reply; a cast has none. */
export interface ReplyAddress {
  msgId: string;
  replyQueue: string;
}

/** Returns a request, built member by member, so that the codec of the library takes no part in the checks. */
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

/** Returns the body of a message in an envelope: JSON inside JSON. */
export function envelope(message: Dict, version: unknown = '2.0', extra: Dict = {}): string {
  return stringifyJson({ 'oslo.version': version, 'oslo.message': stringifyJson(message), ...extra });
}
