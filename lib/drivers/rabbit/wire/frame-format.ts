/**
 * AMQP 0-9-1 frames: type (1 byte), channel (2), size of the payload (4), the payload, and an end mark (1).
 * @see https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf section 4.2.3
 */
export const FRAME = { METHOD: 1, HEADER: 2, BODY: 3 } as const;

export const FRAME_HEAD = 7;
export const FRAME_END = 0xce;
/** Size in bytes of a frame without its payload. */
export const FRAME_OVERHEAD = FRAME_HEAD + 1;

/** AMQP class `basic`, which content headers name as well. */
export const BASIC = 60;

/** Class and method as one number, as in the first four bytes of a method frame. */
export const METHOD = {
  CONSUME: (BASIC << 16) | 20,
  CANCEL: (BASIC << 16) | 30,
  PUBLISH: (BASIC << 16) | 40,
  RETURN: (BASIC << 16) | 50,
  DELIVER: (BASIC << 16) | 60,
  GET: (BASIC << 16) | 70,
  GET_OK: (BASIC << 16) | 71,
  GET_EMPTY: (BASIC << 16) | 72,
  ACK: (BASIC << 16) | 80,
  REJECT: (BASIC << 16) | 90,
  NACK: (BASIC << 16) | 120,
} as const;

/** Bits that say which properties a content header has, in their order. */
export const PROPERTY = {
  CONTENT_TYPE: 0x8000,
  CONTENT_ENCODING: 0x4000,
  HEADERS: 0x2000,
  DELIVERY_MODE: 0x1000,
  PRIORITY: 0x0800,
  CORRELATION_ID: 0x0400,
  REPLY_TO: 0x0200,
  EXPIRATION: 0x0100,
} as const;

/** Type tags of the header values that are written. */
export const TAG = { TEXT: 0x53, INTEGER: 0x6c, BOOLEAN: 0x74 } as const;

/** Reads a 64-bit number. Delivery tags and sizes use its lower 53 bits. */
export function readLong(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
}

/** Writes a 64-bit number. */
export function writeLong(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  buffer.writeUInt32BE(value % 2 ** 32, at + 4);
}
