import { type MessageProperties, readBodySize, readProperties } from './content-header.js';
import { BASIC, FRAME, FRAME_HEAD, METHOD, readLong } from './frame-format.js';

/** Message as the broker delivered it on a channel. `RabbitDelivery` adds the queue and the acknowledgement. */
export interface RawDelivery {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly properties: MessageProperties;
  readonly body: Buffer;
}

/** Events of one channel, without the answers to requests. */
export interface ChannelListener {
  /** Called with each message. @param consumerTag tag that was given to `basic.consume` */
  delivered?(consumerTag: string, raw: RawDelivery): void;
  /** Called before {@link delivered} with the exchange and the routing key that the message was published with. */
  routed?(exchange: string, routingKey: string): void;
  /**
   * Called when the broker cancels a consumer. RabbitMQ 4.3 does so once for each message that was held for too long;
   * amqplib treats the second one as an error of the connection.
   */
  cancelled?(consumerTag: string): void;
  /** Called with the body of a mandatory message that no queue took. */
  returned?(body: Buffer): void;
  /** Called with each message of `basic.get`. @param raw undefined where the queue is empty */
  got?(raw: RawDelivery | undefined): void;
  /** @param taken false when the broker refused the message, or all of them up to the tag */
  confirmed?(deliveryTag: number, multiple: boolean, taken: boolean): void;
}

/** Size in bytes of class and method, before the arguments. */
const METHOD_ID = 4;

const EMPTY = Buffer.alloc(0);

/** Assembles the messages of one channel from their frames: a method, a content header, and parts of the body. */
export class IncomingContent {
  private method = 0;
  private consumerTag = '';
  private deliveryTag = 0;
  private redelivered = false;
  private properties: MessageProperties | undefined;
  private parts: Buffer[] = [];
  private missing = 0;

  constructor(private readonly listener: ChannelListener) {}

  /**
   * Reads a frame. Returns false for an answer, which amqplib must read.
   * @throws Error for a frame that must not come now
   */
  take(bytes: Buffer, start: number, end: number): boolean {
    const payload = start + FRAME_HEAD;
    switch (bytes[start]) {
      case FRAME.METHOD:
        return this.takeMethod(bytes, payload);
      case FRAME.HEADER:
        this.takeHeader(bytes, payload, end - 1);
        return true;
      case FRAME.BODY:
        // The body may have to wait for a slot, and the bytes of the frame are overwritten.
        this.takeBody(Buffer.from(bytes.subarray(payload, end - 1)));
        return true;
      default:
        return false;
    }
  }

  private takeMethod(bytes: Buffer, start: number): boolean {
    const method = bytes.readInt32BE(start);
    const at = start + METHOD_ID;
    switch (method) {
      case METHOD.DELIVER: {
        const tagEnd = at + 1 + bytes.readUInt8(at);
        this.consumerTag = bytes.toString('latin1', at + 1, tagEnd);
        this.deliveryTag = readLong(bytes, tagEnd);
        this.redelivered = (bytes.readUInt8(tagEnd + 8) & 1) === 1;
        this.method = method;
        if (this.listener.routed) this.readRoute(bytes, tagEnd + 9, this.listener);
        return true;
      }
      case METHOD.RETURN:
        this.method = method;
        return true;
      case METHOD.GET_OK:
        if (!this.listener.got) return false;
        this.deliveryTag = readLong(bytes, at);
        this.redelivered = (bytes.readUInt8(at + 8) & 1) === 1;
        this.method = method;
        return true;
      case METHOD.GET_EMPTY:
        this.listener.got?.(undefined);
        return this.listener.got !== undefined;
      case METHOD.CANCEL:
        this.listener.cancelled?.(bytes.toString('latin1', at + 1, at + 1 + bytes.readUInt8(at)));
        return this.listener.cancelled !== undefined;
      case METHOD.ACK:
      case METHOD.NACK:
        this.listener.confirmed?.(readLong(bytes, at), (bytes.readUInt8(at + 8) & 1) === 1, method === METHOD.ACK);
        return true;
      default:
        return false;
    }
  }

  private readRoute(bytes: Buffer, at: number, listener: ChannelListener): void {
    const exchangeEnd = at + 1 + bytes.readUInt8(at);
    const keyEnd = exchangeEnd + 1 + bytes.readUInt8(exchangeEnd);
    listener.routed?.(bytes.toString('utf8', at + 1, exchangeEnd), bytes.toString('utf8', exchangeEnd + 1, keyEnd));
  }

  private takeHeader(bytes: Buffer, start: number, end: number): void {
    if (this.method === 0 || this.properties || bytes.readUInt16BE(start) !== BASIC)
      throw new Error('The broker sent a content header that belongs to no message');
    this.missing = readBodySize(bytes, start, end);
    this.properties = readProperties(bytes, start, end);
    if (this.missing === 0) this.emit(EMPTY, this.properties);
  }

  /** Reads a part of the body, which must not be overwritten. @throws Error where none, or a shorter one, must come now */
  takeBody(part: Buffer): void {
    if (!this.properties || part.length > this.missing) throw new Error('The broker sent more of a body than it said');
    this.missing -= part.length;
    if (this.missing > 0) this.parts.push(part);
    else if (this.parts.length === 0) this.emit(part, this.properties);
    else this.emit(joined([...this.parts, part]), this.properties);
  }

  private emit(body: Buffer, properties: MessageProperties): void {
    const { method, consumerTag, deliveryTag, redelivered } = this;
    this.method = 0;
    this.properties = undefined;
    if (this.parts.length > 0) this.parts = [];
    if (method === METHOD.RETURN) this.listener.returned?.(body);
    else if (method === METHOD.GET_OK) this.listener.got?.({ deliveryTag, redelivered, properties, body });
    else this.listener.delivered?.(consumerTag, { deliveryTag, redelivered, properties, body });
  }
}

/** Copies the parts of a body together. Not into the pool: a body that waits would keep its neighbours in memory. */
function joined(parts: readonly Buffer[]): Buffer {
  const size = parts.reduce((total, { length }) => total + length, 0);
  const body = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const part of parts) at += part.copy(body, at);
  return body;
}
