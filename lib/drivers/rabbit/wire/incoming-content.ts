import { type MessageProperties, readBodySize, readProperties } from './content-header.js';
import { BASIC, FRAME, FRAME_HEAD, METHOD, readLong } from './frame-format.js';

/** Message as the broker delivered it on a channel. `RabbitDelivery` adds the queue and the acknowledgement. */
export interface RawDelivery {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly properties: MessageProperties;
  readonly body: Buffer;
}

/** What happens on one channel besides answers to what was asked of the broker. */
export interface ChannelListener {
  /** @param consumerTag as it was given to `basic.consume` */
  delivered?(consumerTag: string, raw: RawDelivery): void;
  /**
   * The broker has ended a consumer. RabbitMQ 4.3 says so once for each message that was held for too long; amqplib takes
   * the second time for an error of the connection.
   */
  cancelled?(consumerTag: string): void;
  /** A mandatory message that no queue took. */
  returned?(body: Buffer): void;
  /** @param taken false when the broker refused the message, or all of them up to the tag */
  confirmed?(deliveryTag: number, multiple: boolean, taken: boolean): void;
}

/** Bytes of a method's payload before its arguments. */
const METHOD_ID = 4;

const EMPTY = Buffer.alloc(0);

/** Puts the messages of one channel together: a method, a header with the body's size, and frames of the body. */
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
   * Takes a frame. False when it is an answer, and somebody else's.
   * @throws Error when no such frame may come here
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
        this.takeBody(bytes.subarray(payload, end - 1));
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
        return true;
      }
      case METHOD.RETURN:
        this.method = method;
        return true;
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

  private takeHeader(bytes: Buffer, start: number, end: number): void {
    if (this.method === 0 || this.properties || bytes.readUInt16BE(start) !== BASIC)
      throw new Error('The broker sent a content header that belongs to no message');
    this.missing = readBodySize(bytes, start, end);
    this.properties = readProperties(bytes, start, end);
    if (this.missing === 0) this.hand(EMPTY, this.properties);
  }

  private takeBody(part: Buffer): void {
    if (!this.properties || part.length > this.missing) throw new Error('The broker sent more of a body than it said');
    this.missing -= part.length;
    if (this.missing > 0) this.parts.push(part);
    else if (this.parts.length === 0) this.hand(part, this.properties);
    else this.hand(Buffer.concat([...this.parts, part]), this.properties);
  }

  private hand(body: Buffer, properties: MessageProperties): void {
    const { method, consumerTag, deliveryTag, redelivered } = this;
    this.method = 0;
    this.properties = undefined;
    if (this.parts.length > 0) this.parts = [];
    if (method === METHOD.RETURN) this.listener.returned?.(body);
    else this.listener.delivered?.(consumerTag, { deliveryTag, redelivered, properties, body });
  }
}
