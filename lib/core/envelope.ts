import { isUtf8 } from 'node:buffer';
import { type Dict, isDict, typeName } from './dict.js';
import { ClientSendError, InvalidMessage } from './errors.js';
import { exceedsValues, JsonLimitError, parseJson, stringifyJson } from './json.js';
import type { MessageLimits } from './limits.js';
import { oneLine } from './logger.js';
import { toPrimitives } from './primitives.js';
import { exposeSecrets } from './secrets.js';
import { escapedText, type TextBounds, unescapedText } from './text-codec.js';
import { versionIsCompatible } from './version.js';

const ENVELOPE_VERSION = '2.0';
const ENVELOPE_START = `{"oslo.version": "${ENVELOPE_VERSION}", "oslo.message": `;
const ENVELOPE_HEAD = `${ENVELOPE_START}"`;
const ENVELOPE_END = '"}';
const ENVELOPE_SIZE = ENVELOPE_HEAD.length + ENVELOPE_END.length;
/** Minimum length of a text, and size of a body, for which the codec costs less than V8. */
const MIN_LARGE = 1024;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Writes a message as JSON.
 * @param envelope true for an envelope 2.0, false for a bare message (1.0)
 * @throws ClientSendError when the message has no JSON form or exceeds a limit
 */
export function encodeMessage(message: Dict, limits: MessageLimits, envelope = true): Buffer {
  const text = encode(message);
  const escaped = envelope && text.length >= MIN_LARGE ? escapedText(text) : undefined;
  const { values = Number.POSITIVE_INFINITY } = limits;
  if (!(escaped && escaped.values <= values) && exceedsValues(text, values))
    throw new ClientSendError(`The message holds more than ${values} values; no more are sent (limits.values)`);
  if (!escaped) return bodyOf(envelope ? `${ENVELOPE_START}${JSON.stringify(text)}}` : text, limits);
  const size = ENVELOPE_SIZE + escaped.size;
  assertSize(size, limits);
  // Not from the pool: a body that waits would keep the messages beside it in memory.
  const body = Buffer.allocUnsafeSlow(size);
  const end = escaped.write(body, body.write(ENVELOPE_HEAD, 'latin1'));
  body.write(ENVELOPE_END, end, 'latin1');
  return body;
}

function encode(message: Dict): string {
  const before = exposeSecrets(true);
  try {
    return stringifyJson(toPrimitives(message));
  } catch (cause) {
    if (cause instanceof ClientSendError) throw cause;
    const reason = cause instanceof Error ? oneLine(cause.message, 200) : 'a value threw as it was written';
    throw new ClientSendError(`The message cannot be written as JSON: ${reason}`, { cause });
  } finally {
    exposeSecrets(before);
  }
}

function bodyOf(text: string, limits: MessageLimits): Buffer {
  const body = Buffer.from(text);
  assertSize(body.length, limits);
  return body;
}

/** Peers with the same limits would refuse a larger body unread, so its caller would get no answer. */
function assertSize(size: number, { bodyBytes }: MessageLimits): void {
  if (size > bodyBytes)
    throw new ClientSendError(`The message has ${size} bytes; at most ${bodyBytes} are sent (limits.bodyBytes)`);
}

/**
 * Returns the message inside an envelope 2.x, or the body itself when there is no envelope (1.0).
 * @throws InvalidMessage when the body is not a message or exceeds a limit
 */
export function decodeEnvelope(body: Buffer, limits: MessageLimits): Dict {
  if (body.length > limits.bodyBytes) {
    throw new InvalidMessage(
      `The body has ${body.length} bytes; at most ${limits.bodyBytes} are accepted (limits.bodyBytes)`,
    );
  }
  const large = body.length >= MIN_LARGE ? largeEnvelope(body) : undefined;
  if (large) return readInner(large.text, limits, large.bounds);
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

/** Replacing bytes that are not UTF-8 would change what the handler gets, so they are refused. */
function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new InvalidMessage('The body is not UTF-8');
  const text = body.toString('utf8');
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** Returns the text within a large envelope of that form, and its bounds, without a text of the whole envelope. */
function largeEnvelope(body: Buffer): ReturnType<typeof unescapedText> {
  const end = body.length - ENVELOPE_END.length;
  const isEnvelope =
    body.toString('latin1', 0, ENVELOPE_HEAD.length) === ENVELOPE_HEAD && body.toString('latin1', end) === ENVELOPE_END;
  return isEnvelope ? unescapedText(body.subarray(ENVELOPE_HEAD.length, end)) : undefined;
}

/**
 * Returns the text within an envelope in the exact form that Python and this library write, without parsing the
 * envelope as an object. Returns undefined for any other body.
 */
function commonEnvelope(text: string): unknown {
  // JSON.parse has no depth limit, so only a string may follow.
  if (!text.startsWith(ENVELOPE_START) || text[ENVELOPE_START.length] !== '"' || !text.endsWith('}')) return undefined;
  try {
    return JSON.parse(text.slice(ENVELOPE_START.length, -1));
  } catch {
    return undefined;
  }
}

function readInner(text: unknown, limits: MessageLimits, bounds?: TextBounds): Dict {
  if (typeof text !== 'string') throw new InvalidMessage('The envelope holds no JSON text');
  const inner = parse(text, limits, bounds);
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

function parse(text: string, limits: MessageLimits, bounds?: TextBounds): unknown {
  try {
    return parseJson(text, limits, bounds);
  } catch (cause) {
    throw new InvalidMessage(`The message ${reasonOf(cause, limits)}`, { cause });
  }
}

function reasonOf(error: unknown, { depth, values }: MessageLimits): string {
  if (error instanceof JsonLimitError) return `holds more than ${values} values (limits.values)`;
  return error instanceof RangeError ? `is nested deeper than ${depth} levels` : 'is not JSON';
}
