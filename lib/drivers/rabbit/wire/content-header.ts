import { readFields } from './field-table.js';
import { PROPERTY, readLong } from './frame-format.js';

/** All that is read of a message besides its body. */
export interface MessageProperties {
  /** Those of its headers that are of use here. */
  readonly headers: ReadonlyMap<string, unknown>;
  /** Milliseconds that the message was given to live. */
  readonly expiration: number | undefined;
  /** Why some of it could not be read. */
  readonly damage: string | undefined;
}

/** Class and weight, the body's size, and the flags. */
const FIXED = 14;

const BARE: MessageProperties = { headers: new Map(), expiration: undefined, damage: undefined };

/**
 * How the body is compressed, how often the message came back (as a queue counts it, or whoever put it back), whether it
 * was dead-lettered or published before, and its place in a stream.
 */
export const HEADERS = [
  'compression',
  'x-delivery-count',
  'x-acquired-count',
  'x-returns',
  'x-deliveries',
  'x-death',
  'x-published-again',
  'x-stream-offset',
] as const;
const WANTED: ReadonlySet<string> = new Set(HEADERS);

/**
 * The properties of a message, from the payload of its content header. Whoever publishes a message chooses its headers,
 * and the broker passes them on, so nothing in them may stop the messages behind it: what cannot be read counts as absent.
 */
export function readProperties(bytes: Buffer, start: number, end: number): MessageProperties {
  const flags = bytes.readUInt16BE(start + FIXED - 2);
  if ((flags & (PROPERTY.HEADERS | PROPERTY.EXPIRATION)) === 0) return BARE;
  let at = start + FIXED;
  if (flags & PROPERTY.CONTENT_TYPE) at = behindText(bytes, at);
  if (flags & PROPERTY.CONTENT_ENCODING) at = behindText(bytes, at);
  let properties = BARE;
  if (flags & PROPERTY.HEADERS) {
    const length = at + 4 > end ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(at);
    at += 4 + length;
    if (at > end) return { ...BARE, damage: 'the headers are cut off' };
    if (length > 0) properties = { ...BARE, ...readFields(bytes, at - length, at, WANTED) };
  }
  if ((flags & PROPERTY.EXPIRATION) === 0) return properties;
  if (flags & PROPERTY.DELIVERY_MODE) at++;
  if (flags & PROPERTY.PRIORITY) at++;
  if (flags & PROPERTY.CORRELATION_ID) at = behindText(bytes, at);
  if (flags & PROPERTY.REPLY_TO) at = behindText(bytes, at);
  if (behindText(bytes, at) > end) return { ...properties, damage: 'the properties are cut off' };
  return { ...properties, expiration: readDigits(bytes, at + 1, behindText(bytes, at)) };
}

/** @throws Error when the frame is too short to say */
export function readBodySize(bytes: Buffer, start: number, end: number): number {
  if (end - start < FIXED) throw new Error('The broker sent a content header that is cut off');
  return readLong(bytes, start + 4);
}

function behindText(bytes: Buffer, at: number): number {
  return at + 1 + (bytes[at] ?? 0);
}

/** A number in decimal digits; undefined when it is none, or beyond what can be waited for. */
function readDigits(bytes: Buffer, start: number, end: number): number | undefined {
  if (end === start || end - start > 15) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
