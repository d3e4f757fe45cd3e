import { ClientSendError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import { BASIC, FRAME, FRAME_END, FRAME_HEAD, FRAME_OVERHEAD, METHOD, PROPERTY, writeLong } from './frame-format.js';

/** Message to publish. */
export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly headers: Readonly<Record<string, string | number>> | undefined;
  /** Encoded fields of further headers, with names that are not in `headers`. */
  readonly keptHeaders?: Buffer | undefined;
  /** Time to live in whole milliseconds; undefined is for ever. */
  readonly expiration: number | undefined;
  readonly body: Buffer;
}

/** Most bytes of text where AMQP gives the length one byte. */
export const LONGEST_NAME = 255;

/** Most bytes before the body, besides the headers. */
const LARGEST_HEAD = 2 * LONGEST_NAME + 128;

const TYPE = Buffer.from('\x10application/json\x05utf-8', 'latin1');
const PERSISTENT = 2;
const TAG = { TEXT: 0x53, INTEGER: 0x6c } as const;
const FLAGS =
  PROPERTY.CONTENT_TYPE | PROPERTY.CONTENT_ENCODING | PROPERTY.HEADERS | PROPERTY.DELIVERY_MODE | PROPERTY.PRIORITY;

/**
 * Refuses what cannot be written, before a byte of it is: a frame that fails half-way, or a header that no frame can
 * hold, would cost the channel and all that is unconfirmed there.
 * @param largestPayload bytes; a content header is never split
 * @throws ClientSendError
 */
export function assertWritable(message: OutgoingMessage, largestPayload: number): void {
  assertName(message.exchange);
  assertName(message.routingKey);
  const { headers, expiration } = message;
  if (expiration !== undefined && !(Number.isSafeInteger(expiration) && expiration >= 0))
    throw new ClientSendError(`An expiration is a whole number of milliseconds; got ${expiration}`);
  if (headers === undefined && message.keptHeaders === undefined) return;
  for (const name in headers) {
    assertName(name);
    const value = headers[name];
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new ClientSendError(`The header "${name}" is a whole number below 2^53; got ${value}`);
  }
  if (headRoom(message) <= largestPayload) return;
  throw new ClientSendError(`The headers are larger than a frame, which has ${largestPayload} bytes at most`);
}

/** @throws ClientSendError when AMQP has no room for a name of an exchange, a queue or a key */
export function assertName(name: string): void {
  // Three bytes are the most that a unit of a string has in UTF-8.
  if (name.length * 3 <= LONGEST_NAME) return;
  const length = Buffer.byteLength(name);
  if (length <= LONGEST_NAME) return;
  throw new ClientSendError(`"${oneLine(name, 60)}" has ${length} bytes; AMQP allows a name ${LONGEST_NAME}`);
}

/** Most bytes that {@link putHead} may need. */
export function headRoom({ headers, keptHeaders }: OutgoingMessage): number {
  let room = LARGEST_HEAD + (keptHeaders?.length ?? 0);
  for (const name in headers) room += 10 + 3 * (name.length + String(headers[name]).length);
  return room;
}

/**
 * `basic.publish` and the content header, which is all but the body.
 * @returns where they end
 */
export function putHead(bytes: Buffer, at: number, channel: number, message: OutgoingMessage): number {
  return putHeader(bytes, putPublish(bytes, at, channel, message), channel, message);
}

function putPublish(
  bytes: Buffer,
  start: number,
  channel: number,
  { exchange, routingKey, mandatory }: OutgoingMessage,
): number {
  let at = start + FRAME_HEAD;
  at = bytes.writeInt32BE(METHOD.PUBLISH, at);
  at = bytes.writeUInt16BE(0, at);
  at = putShortText(bytes, at, exchange);
  at = putShortText(bytes, at, routingKey);
  at = bytes.writeUInt8(mandatory ? 1 : 0, at);
  return putFrame(bytes, start, at, FRAME.METHOD, channel);
}

function putHeader(
  bytes: Buffer,
  start: number,
  channel: number,
  { headers, keptHeaders, expiration, body }: OutgoingMessage,
): number {
  let at = start + FRAME_HEAD;
  at = bytes.writeUInt32BE(BASIC << 16, at);
  writeLong(bytes, body.length, at);
  at = bytes.writeUInt16BE(FLAGS | (expiration === undefined ? 0 : PROPERTY.EXPIRATION), at + 8);
  at += TYPE.copy(bytes, at);
  at = putTable(bytes, at, headers, keptHeaders);
  at = bytes.writeUInt8(PERSISTENT, at);
  at = bytes.writeUInt8(0, at);
  if (expiration !== undefined) at = putShortText(bytes, at, String(expiration));
  return putFrame(bytes, start, at, FRAME.HEADER, channel);
}

/** The frame's head, before a payload that is there already, and its end mark. Returns where it ends. */
function putFrame(bytes: Buffer, start: number, end: number, type: number, channel: number): number {
  putFrameHead(bytes, start, type, channel, end - start - FRAME_HEAD);
  return bytes.writeUInt8(FRAME_END, end);
}

/** @returns where the payload begins */
export function putFrameHead(bytes: Buffer, start: number, type: number, channel: number, size: number): number {
  bytes[start] = type;
  bytes.writeUInt16BE(channel, start + 1);
  return bytes.writeUInt32BE(size, start + 3);
}

function putShortText(bytes: Buffer, at: number, text: string): number {
  const length = bytes.write(text, at + 1, 'utf8');
  bytes[at] = length;
  return at + 1 + length;
}

function putTable(bytes: Buffer, start: number, fields: OutgoingMessage['headers'], kept: Buffer | undefined): number {
  let at = start + 4;
  for (const name in fields) {
    at = putField(bytes, putShortText(bytes, at, name), fields[name] ?? '');
  }
  if (kept) at += kept.copy(bytes, at);
  bytes.writeUInt32BE(at - start - 4, start);
  return at;
}

function putField(bytes: Buffer, at: number, value: string | number): number {
  if (typeof value === 'number') return bytes.writeBigInt64BE(BigInt(value), bytes.writeUInt8(TAG.INTEGER, at));
  const length = bytes.write(value, at + 5, 'utf8');
  return bytes.writeUInt32BE(length, bytes.writeUInt8(TAG.TEXT, at)) + length;
}

/** A method that settles a delivery. */
export type Settlement = typeof METHOD.ACK | typeof METHOD.NACK | typeof METHOD.REJECT;

/** Bytes of a settlement, of any kind. */
export const SETTLEMENT_SIZE = FRAME_OVERHEAD + 13;

/** `basic.ack`, `basic.nack` or `basic.reject`, with the flags that it has. */
export function putSettlement(
  bytes: Buffer,
  start: number,
  channel: number,
  method: Settlement,
  deliveryTag: number,
  flags: number,
): number {
  const at = bytes.writeInt32BE(method, start + FRAME_HEAD);
  writeLong(bytes, deliveryTag, at);
  return putFrame(bytes, start, bytes.writeUInt8(flags, at + 8), FRAME.METHOD, channel);
}
