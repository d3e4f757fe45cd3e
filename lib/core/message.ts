import { isUtf8 } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { ClientSendError, InvalidMessage } from './errors.js';
import { exceedsValues, JsonLimitError, parseJson, stringifyJson } from './json.js';
import { oneLine } from './logger.js';
import { packContext } from './packed-context.js';
import { toPrimitives } from './primitives.js';
import { ReceivedRequest } from './received-request.js';
import { readReplyAddress } from './reply-address.js';
import { reveal } from './secrets.js';
import { versionIsCompatible } from './version.js';

/** A string-keyed object off the wire or towards it. */
export type Dict = Record<string, unknown>;

/** What the envelope and its contents may measure. */
export interface MessageLimits {
  /** Largest body, in bytes. */
  readonly bodyBytes: number;
  /** Deepest nesting. */
  readonly depth: number;
  /** Most values: elements, members, arrays and objects. @default any number */
  readonly values?: number;
  /** Most times its size that a compressed body may grow to, beyond what is small in any case. @default any number */
  readonly compressionRatio?: number;
}

/** What a request asks for. */
export interface RpcInvocation {
  readonly method: string;
  readonly args: Dict;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
  /** The request context, as the serializer made it. */
  readonly context: Dict;
}

/** What a request is known by, and where its reply goes. */
export interface RequestIds {
  /** Fresh for each publish; receivers drop what they have seen. */
  readonly uniqueId: string | undefined;
  /** Both present on a call, absent on a cast. */
  readonly msgId: string | undefined;
  readonly replyQueue: string | undefined;
  /** Seconds within which the caller wants a heartbeat, while the handler runs. */
  readonly callMonitorTimeout: unknown;
}

/** One request, in either direction. */
export interface RpcRequest extends RpcInvocation, RequestIds {}

/** One reply, or one heartbeat (`ending` false and no result). */
export interface RpcReply {
  readonly msgId: string;
  readonly result: unknown;
  /** JSON text of the failure. */
  readonly failure: string | null;
  readonly ending: boolean;
  readonly uniqueId: string | undefined;
}

/** A reply that has no id of its own yet. */
export type OutgoingRpcReply = Omit<RpcReply, 'uniqueId'>;

const ENVELOPE_VERSION = '2.0';
const ENVELOPE_START = `{"oslo.version": "${ENVELOPE_VERSION}", "oslo.message": `;
const BYTE_ORDER_MARK = 0xfeff;

const ID_BYTES = 16;
/** Random bytes in stock: to ask the system for each id would cost several times the rest of it. */
const stock = Buffer.alloc(ID_BYTES * 256);
let used = stock.length;

/** 32 hexadecimal digits, random as Python's uuid4().hex is, and of its version and variant. */
export function newId(): string {
  if (used === stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  const start = used;
  used += ID_BYTES;
  stock[start + 6] = ((stock[start + 6] ?? 0) & 0x0f) | 0x40;
  stock[start + 8] = ((stock[start + 8] ?? 0) & 0x3f) | 0x80;
  return stock.toString('hex', start, used);
}

/**
 * @param envelope in an envelope 2.0, else bare (1.0)
 * @throws ClientSendError when it cannot be written as JSON, or is too large
 */
export function encodeMessage(message: Dict, limits: MessageLimits, envelope = true): Buffer {
  const text = encode(message);
  const { values = Number.POSITIVE_INFINITY } = limits;
  if (exceedsValues(text, values))
    throw new ClientSendError(`The message holds more than ${values} values; no more are sent (limits.values)`);
  return within(limits, envelope ? `${ENVELOPE_START}${JSON.stringify(text)}}` : text);
}

function encode(message: Dict): string {
  const before = reveal(true);
  try {
    return stringifyJson(toPrimitives(message));
  } catch (cause) {
    if (cause instanceof ClientSendError) throw cause;
    const reason = cause instanceof Error ? oneLine(cause.message, 200) : 'a value threw as it was written';
    throw new ClientSendError(`The message cannot be written as JSON: ${reason}`, { cause });
  } finally {
    reveal(before);
  }
}

/** A body that peers with our limits would refuse unread, and hence unanswered, is refused here. */
function within({ bodyBytes }: MessageLimits, text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length > bodyBytes) {
    throw new ClientSendError(`The message has ${body.length} bytes; at most ${bodyBytes} are sent (limits.bodyBytes)`);
  }
  return body;
}

function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string, limits: MessageLimits): unknown {
  try {
    return parseJson(text, limits);
  } catch (cause) {
    throw new InvalidMessage(`The message ${whyNot(cause, limits)}`, { cause });
  }
}

function whyNot(error: unknown, { depth, values }: MessageLimits): string {
  if (error instanceof JsonLimitError) return `holds more than ${values} values (limits.values)`;
  return error instanceof RangeError ? `is nested deeper than ${depth} levels` : 'is not JSON';
}

/** Bytes that are not UTF-8 are no text: to replace them would change what the handler gets. */
function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new InvalidMessage('The body is not UTF-8');
  const text = body.toString('utf8');
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** The message inside a body: of an envelope 2.x, or the body itself where there is no envelope (1.0). */
export function decodeEnvelope(body: Buffer, limits: MessageLimits): Dict {
  if (body.length > limits.bodyBytes) {
    throw new InvalidMessage(`The body has ${body.length} bytes; at most ${limits.bodyBytes} are taken`);
  }
  const text = textOf(body);
  const enveloped = commonEnvelope(text);
  if (enveloped !== undefined) return readInner(enveloped, limits);
  const outer = parse(text, limits);
  if (!isDict(outer)) throw new InvalidMessage('The body is not a JSON object');
  if (!Object.hasOwn(outer, 'oslo.version') || !Object.hasOwn(outer, 'oslo.message')) return outer;
  const version = outer['oslo.version'];
  if (typeof version !== 'string' || !compatible(version)) {
    const given = typeof version === 'string' ? JSON.stringify(version.slice(0, 40)) : typeName(version);
    throw new InvalidMessage(`The envelope's version is ${given}; 2.0 is understood`);
  }
  return readInner(outer['oslo.message'], limits);
}

/** The text within an envelope written as Python and we write it, without the detour over an object; else undefined. */
function commonEnvelope(text: string): unknown {
  // Anything but a text there may be nested without a bound.
  if (!text.startsWith(ENVELOPE_START) || text[ENVELOPE_START.length] !== '"' || !text.endsWith('}')) return undefined;
  try {
    return JSON.parse(text.slice(ENVELOPE_START.length, -1));
  } catch {
    return undefined;
  }
}

function readInner(text: unknown, limits: MessageLimits): Dict {
  if (typeof text !== 'string') throw new InvalidMessage('The envelope holds no JSON text');
  const inner = parse(text, limits);
  if (!isDict(inner)) throw new InvalidMessage('The message in the envelope is not a JSON object');
  return inner;
}

function compatible(version: string): boolean {
  try {
    return versionIsCompatible(ENVELOPE_VERSION, version);
  } catch {
    return false;
  }
}

/** What is sent for a request. */
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

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** @throws InvalidMessage when a member has the wrong type */
export function readRequest(message: Dict): RpcRequest {
  const { method, args = {}, namespace, version } = message;
  if (typeof method !== 'string') throw new InvalidMessage(`"method" is not a string but ${typeName(method)}`);
  if (!isDict(args)) throw new InvalidMessage(`"args" is not an object but ${typeName(args)}`, { method });
  checkOptionalText('namespace', namespace, method);
  checkOptionalText('version', version, method);
  const { msgId, replyQueue, uniqueId } = readReplyAddress(message);
  return new ReceivedRequest(
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

function checkOptionalText(name: string, value: unknown, method: string): void {
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw new InvalidMessage(`"${name}" is not a string but ${typeName(value)}`, { method });
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What is sent for a reply. @param uniqueId as in {@link RpcReply} */
export function replyMessage({ result = null, failure, ending, msgId }: OutgoingRpcReply, uniqueId?: string): Dict {
  return { result, failure, ending, _msg_id: msgId, _unique_id: uniqueId };
}

/** @throws InvalidMessage when it names no request */
export function readReply(message: Dict): RpcReply {
  const { msgId, uniqueId } = readReplyAddress(message);
  if (msgId === undefined) throw new InvalidMessage('The reply names no request');
  const { failure, ending, result } = message;
  return { msgId, uniqueId, result: result ?? null, failure: stringOf(failure) ?? null, ending: ending === true };
}
