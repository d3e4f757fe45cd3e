import { ClientSendError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import { putCancellable, putDeadline } from './call-fields.js';
import {
  BASIC,
  FRAME,
  FRAME_END,
  FRAME_HEAD,
  FRAME_OVERHEAD,
  METHOD,
  PROPERTY,
  TAG,
  writeLong,
} from './frame-format.js';

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
  /** Value of the header {@link DEADLINE}. */
  readonly deadline?: number | undefined;
  /** True to send the header {@link CANCELLABLE}. */
  readonly cancellable?: boolean | undefined;
  readonly body: Buffer;
}

/** Maximum size of a name in bytes: AMQP has one byte for its length. */
export const MAX_NAME_BYTES = 255;

/** Maximum size in bytes of everything before the body but the headers. */
const MAX_HEAD_BYTES = 2 * MAX_NAME_BYTES + 160;

const TYPE = Buffer.from('\x10application/json\x05utf-8', 'latin1');
const PERSISTENT = 2;
const FLAGS =
  PROPERTY.CONTENT_TYPE | PROPERTY.CONTENT_ENCODING | PROPERTY.HEADERS | PROPERTY.DELIVERY_MODE | PROPERTY.PRIORITY;

/**
 * Refuses a message that cannot be written, before its first byte is written. A broken frame, or a header larger than a
 * frame, would close the channel and lose its confirms.
 * @param largestPayload maximum size of a payload in bytes; a content header is never split
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

/** @throws ClientSendError when the name of an exchange, a queue or a key is longer than AMQP allows */
export function assertName(name: string): void {
  // A UTF-16 unit has at most three bytes in UTF-8.
  if (name.length * 3 <= MAX_NAME_BYTES) return;
  const length = Buffer.byteLength(name);
  if (length <= MAX_NAME_BYTES) return;
  throw new ClientSendError(`"${oneLine(name, 60)}" has ${length} bytes; AMQP allows a name ${MAX_NAME_BYTES}`);
}

/** Returns the maximum size in bytes of {@link putHead}. */
export function headRoom({ headers, keptHeaders }: OutgoingMessage): number {
  let room = MAX_HEAD_BYTES + (keptHeaders?.length ?? 0);
  for (const name in headers) room += 10 + 3 * (name.length + String(headers[name]).length);
  return room;
}

/**
 * Writes `basic.publish` and the content header: everything before the body.
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
  { headers, keptHeaders, expiration, deadline, cancellable, body }: OutgoingMessage,
): number {
  let at = start + FRAME_HEAD;
  at = bytes.writeUInt32BE(BASIC << 16, at);
  writeLong(bytes, body.length, at);
  at = bytes.writeUInt16BE(FLAGS | (expiration === undefined ? 0 : PROPERTY.EXPIRATION), at + 8);
  at += TYPE.copy(bytes, at);
  at = putTable(bytes, at, headers, keptHeaders, deadline, cancellable);
  at = bytes.writeUInt8(PERSISTENT, at);
  at = bytes.writeUInt8(0, at);
  if (expiration !== undefined) at = putShortText(bytes, at, String(expiration));
  return putFrame(bytes, start, at, FRAME.HEADER, channel);
}

/** Writes the head and the end mark of a frame around its payload. Returns where the frame ends. */
export function putFrame(bytes: Buffer, start: number, end: number, type: number, channel: number): number {
  putFrameHead(bytes, start, type, channel, end - start - FRAME_HEAD);
  return bytes.writeUInt8(FRAME_END, end);
}

/** Writes the head of a frame. @returns where the payload begins */
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

function putTable(
  bytes: Buffer,
  start: number,
  fields: OutgoingMessage['headers'],
  kept: Buffer | undefined,
  deadline: number | undefined,
  cancellable: boolean | undefined,
): number {
  let at = start + 4;
  if (deadline !== undefined) at = putDeadline(bytes, at, deadline);
  if (cancellable) at = putCancellable(bytes, at);
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

/** Method that settles a delivery. */
export type Settlement = typeof METHOD.ACK | typeof METHOD.NACK | typeof METHOD.REJECT;

/** Size of a settlement frame in bytes. */
export const SETTLEMENT_SIZE = FRAME_OVERHEAD + 13;

/** Writes `basic.ack`, `basic.nack` or `basic.reject` with its flags. Returns the offset of its end. */
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
