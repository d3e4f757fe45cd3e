import { type InspectOptions, inspect } from 'node:util';
import { type Dict, isDict, typeName } from './dict.js';
import { InvalidMessage } from './errors.js';
import { packContext, unpackContext } from './packed-context.js';
import { type ReplyAddress, readReplyAddress } from './reply-address.js';

/** Method, arguments and context of a request. */
export interface RpcInvocation {
  /** Name of the method. */
  readonly method: string;
  /** Keyword arguments, serialized. */
  readonly args: Dict;
  /** Namespace of the method; undefined for the null namespace. */
  readonly namespace: string | undefined;
  /** Version of the method; undefined for 1.0. */
  readonly version: string | undefined;
  /** Request context in its serialized form. */
  readonly context: Dict;
}

/** Identification of a request, and the address of its reply. */
export interface RequestIds extends ReplyAddress {
  /** Number of seconds within which the caller wants a heartbeat while the handler runs; not checked. */
  readonly callMonitorTimeout: unknown;
}

/** Request, sent or received. */
export interface RpcRequest extends RpcInvocation, RequestIds {}

/** Reply, or heartbeat (`ending` false and no result). */
export interface RpcReply {
  readonly msgId: string;
  readonly result: unknown;
  /** JSON text of the failure; null for a result. */
  readonly failure: string | null;
  readonly ending: boolean;
  readonly uniqueId: string | undefined;
}

/** Reply without an id of its own. */
export type OutgoingRpcReply = Omit<RpcReply, 'uniqueId'>;

/** Returns the message of a request. */
export function requestMessage({ method, args, namespace, version, context }: RpcInvocation, ids: RequestIds): Dict {
  const message: Dict = { method, args };
  if (namespace !== undefined) message['namespace'] = namespace;
  if (version !== undefined) message['version'] = version;
  if (ids.msgId !== undefined) {
    message['_msg_id'] = ids.msgId;
    message['_reply_q'] = ids.replyQueue;
    message['_timeout'] = ids.callMonitorTimeout ?? null;
  }
  message['_unique_id'] = ids.uniqueId;
  return packContext(message, context);
}

/**
 * Reads the request in a message.
 * @throws InvalidMessage when a member has the wrong type
 */
export function readRequest(message: Dict): RpcRequest {
  const { method, args = {}, namespace, version } = message;
  if (typeof method !== 'string') throw new InvalidMessage(`"method" is not a string but ${typeName(method)}`);
  if (!isDict(args)) throw new InvalidMessage(`"args" is not an object but ${typeName(args)}`, { method });
  checkOptionalText('namespace', namespace, method);
  checkOptionalText('version', version, method);
  const { msgId, replyQueue, uniqueId } = readReplyAddress(message);
  return new DecodedRequest(
    method,
    args,
    stringOf(namespace),
    stringOf(version),
    msgId,
    replyQueue,
    uniqueId,
    message['_timeout'],
    message,
  );
}

/** Returns the message of a reply. */
export function replyMessage({ result = null, failure, ending, msgId }: OutgoingRpcReply, uniqueId?: string): Dict {
  return { result, failure, ending, _msg_id: msgId, _unique_id: uniqueId };
}

/**
 * Reads the reply in a message.
 * @throws InvalidMessage when it names no request
 */
export function readReply(message: Dict): RpcReply {
  const { msgId, uniqueId } = readReplyAddress(message);
  if (msgId === undefined) throw new InvalidMessage('The reply names no request');
  const { failure, ending, result } = message;
  return { msgId, uniqueId, result: result ?? null, failure: stringOf(failure) ?? null, ending: ending === true };
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function checkOptionalText(name: string, value: unknown, method: string): void {
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw new InvalidMessage(`"${name}" is not a string but ${typeName(value)}`, { method });
  }
}

/** Request that unpacks its context on first use: many handlers never ask for it. */
class DecodedRequest implements RpcRequest {
  // Private for the runtime, too: the message holds the secrets of the context.
  readonly #message: Dict;
  #context: Dict | undefined;

  constructor(
    readonly method: string,
    readonly args: Dict,
    readonly namespace: string | undefined,
    readonly version: string | undefined,
    readonly msgId: string | undefined,
    readonly replyQueue: string | undefined,
    readonly uniqueId: string | undefined,
    readonly callMonitorTimeout: unknown,
    message: Dict,
  ) {
    this.#message = message;
  }

  get context(): Dict {
    this.#context ??= unpackContext(this.#message);
    return this.#context;
  }

  /** Form for logs: includes the context, with its secrets masked. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspect({ ...this, context: this.context }, options);
  }
}
