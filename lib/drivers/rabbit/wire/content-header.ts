import { hasMark, readSoleDeadline } from './call-fields.js';
import { readFields } from './field-table.js';
import { PROPERTY, readLong } from './frame-format.js';
import { READ_HEADERS } from './header-names.js';
import { keepHeaders, MAX_KEPT_HEADER_BYTES } from './kept-headers.js';

/** Properties of a message, as far as they are read. */
export interface MessageProperties {
  /** Values of the headers in {@link READ_HEADERS}. */
  readonly headers: ReadonlyMap<string, unknown>;
  /** Encoded fields of all headers, for publishing the message again; only some of them where they are too large. */
  readonly headerTable?: Buffer | undefined;
  /** Time in milliseconds that the publisher gave the message to live. */
  readonly expiration: number | undefined;
  /** Value of the header `x-deadline` where it is the only one; `headers` does not have it then. */
  readonly deadline?: number | undefined;
  /** True where the header `x-cancellable` is beside that one; undefined where `headers` has it, if any. */
  readonly cancellable?: boolean | undefined;
  /** Reason why some properties could not be read. */
  readonly damage: string | undefined;
}

/** Size in bytes of class, weight, body size and flags. */
const FIXED_SIZE = 14;

const NONE: ReadonlySet<string> = new Set();

const BARE: MessageProperties = { headers: new Map(), expiration: undefined, damage: undefined };

const WANTED: ReadonlySet<string> = new Set(READ_HEADERS);

/**
 * Reads the properties of a message from the payload of its content header. Any publisher chooses its own headers, and
 * the broker passes them on, so they must not stop the messages behind them: what cannot be read counts as absent.
 */
export function readProperties(bytes: Buffer, start: number, end: number): MessageProperties {
  const flags = bytes.readUInt16BE(start + FIXED_SIZE - 2);
  if ((flags & (PROPERTY.HEADERS | PROPERTY.EXPIRATION)) === 0) return BARE;
  let at = start + FIXED_SIZE;
  if (flags & PROPERTY.CONTENT_TYPE) at = behindText(bytes, at);
  if (flags & PROPERTY.CONTENT_ENCODING) at = behindText(bytes, at);
  let properties = BARE;
  let deadline: number | undefined;
  let cancellable: boolean | undefined;
  if (flags & PROPERTY.HEADERS) {
    const length = at + 4 > end ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(at);
    at += 4 + length;
    if (at > end) return { ...BARE, damage: 'the headers are cut off' };
    if (length > 0) {
      // Every call has this header, and few have others. Without an expiration it says nothing.
      deadline = readSoleDeadline(bytes, at - length, at);
      if (deadline !== undefined) cancellable = hasMark(at - length, at);
      else {
        const headerTable = tableOf(bytes.subarray(at - length, at));
        properties = { ...BARE, headerTable, ...readFields(bytes, at - length, at, WANTED) };
      }
    }
  }
  if ((flags & PROPERTY.EXPIRATION) === 0) return properties;
  if (flags & PROPERTY.DELIVERY_MODE) at++;
  if (flags & PROPERTY.PRIORITY) at++;
  if (flags & PROPERTY.CORRELATION_ID) at = behindText(bytes, at);
  if (flags & PROPERTY.REPLY_TO) at = behindText(bytes, at);
  if (behindText(bytes, at) > end) return { ...properties, damage: 'the properties are cut off' };
  const { headers, headerTable, damage } = properties;
  const expiration = readDigits(bytes, at + 1, behindText(bytes, at));
  return { headers, headerTable, expiration, deadline, cancellable, damage };
}

/** Copies the table, or the fields of a large one that fit. The bytes of the frame are overwritten. */
function tableOf(table: Buffer): Buffer | undefined {
  return table.length <= MAX_KEPT_HEADER_BYTES ? Buffer.from(table) : keepHeaders(table, NONE);
}

/** Returns the size of the body in bytes. @throws Error when the frame is too short */
export function readBodySize(bytes: Buffer, start: number, end: number): number {
  if (end - start < FIXED_SIZE) throw new Error('The broker sent a content header that is cut off');
  return readLong(bytes, start + 4);
}

function behindText(bytes: Buffer, at: number): number {
  return at + 1 + (bytes[at] ?? 0);
}

/** Reads a number in decimal digits. Returns undefined for other text, and for more digits than any time has. */
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
