/** AMQP frames by hand, for what no client library would send. */

const END = 0xce;
const METHOD = 1;
const HEADER = 2;
const CONNECTION = 10;
const BASIC = 60;

function frame(type: number, channel: number, ...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(END)]);
}

function short(...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.of(value >> 8, value & 0xff)));
}

function longlong(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(value)), Buffer.from(value)]);
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const longText = (value: string): Buffer => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);

/** Frames of a broker in the handshake, in order: after the header, the login, the tuning. */
export const HANDSHAKE: readonly Buffer[] = [
  frame(METHOD, 0, short(CONNECTION, 10), Buffer.of(0, 9), long(0), longText('AMQPLAIN PLAIN'), longText('en_US')),
  frame(METHOD, 0, short(CONNECTION, 30), short(2047), long(131_072), short(0)),
  frame(METHOD, 0, short(CONNECTION, 41), text('')),
];

export function connectionClose(code: number, reason: string): Buffer {
  return frame(METHOD, 0, short(CONNECTION, 50), short(code), text(reason), short(0, 0));
}

/** Frames of the broker when an alarm begins and ends. */
export const connectionBlocked = (reason: string): Buffer => frame(METHOD, 0, short(CONNECTION, 60), text(reason));
export const CONNECTION_UNBLOCKED: Buffer = frame(METHOD, 0, short(CONNECTION, 61));

/** Frame of the broker to the consumer of a deleted queue. */
export function basicCancel(channel: number, consumerTag: string): Buffer {
  const NO_WAIT = 1;
  return frame(METHOD, channel, short(BASIC, 30), text(consumerTag), Buffer.of(NO_WAIT));
}

export function basicAck(channel: number, deliveryTag: number): Buffer {
  return frame(METHOD, channel, short(BASIC, 80), longlong(deliveryTag), Buffer.of(0));
}

/** An empty message. RabbitMQ does not implement `immediate`. */
export function basicPublish(channel: number, exchange: string, routingKey: string, immediate = false): Buffer {
  const method = [short(BASIC, 40), short(0), text(exchange), text(routingKey), Buffer.of(immediate ? 2 : 0)];
  return Buffer.concat([
    frame(METHOD, channel, ...method),
    frame(HEADER, channel, short(BASIC, 0), longlong(0), short(0)),
  ]);
}

/** A frame that does not end where it says. */
export function brokenFrame(): Buffer {
  return Buffer.concat([frame(METHOD, 0, short(BASIC, 80)).subarray(0, -1), Buffer.of(0)]);
}
