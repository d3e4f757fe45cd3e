import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import { Sequence } from '../../../core/sequence.js';
import { FRAME, FRAME_END, FRAME_OVERHEAD } from '../wire/frame-format.js';
import { MAX_COPIED_BYTES } from '../wire/frame-writer.js';
import { CANCELLABLE, DEADLINE } from '../wire/header-names.js';
import { assertWritable, headRoom, type OutgoingMessage, putFrameHead, putHead } from '../wire/outgoing-frames.js';
import { Wire } from '../wire/wire.js';
import { type CloseOutcome, classifyClose } from './publish-refusal.js';

/** Frame size in bytes that every broker accepts; used where the negotiated size is unknown. */
const MIN_FRAME_MAX = 4096;

/** Outcome of a message: `basic.ack`, `basic.nack`, `basic.return`, or what follows from the end of the channel. */
export type Outcome = 'confirmed' | 'nacked' | 'returned' | CloseOutcome;

/** Called once, when the broker has confirmed the message or can no longer do so. */
export type OnOutcome = (outcome: Outcome) => void;

interface Unconfirmed {
  readonly message: OutgoingMessage;
  readonly onOutcome: OnOutcome;
  /** True once the broker has returned the message. The confirm follows. */
  returned: boolean;
}

/** A channel in confirm mode: the broker confirms each message that is published on it. */
export class PublishingChannel {
  /** Messages without a confirm, by delivery tag, in order. */
  private readonly unconfirmed = new Sequence<Unconfirmed>();
  private readonly wire: Wire | undefined;
  private readonly number: number | undefined;
  open = true;
  private retired = false;
  /** Highest delivery tag that the broker has confirmed or returned. */
  private processed = 0;
  /** Error with which the broker closed the channel. */
  failure: Error | undefined;
  /** Called when the channel is closed, before the outcomes of its messages. */
  onClose: () => void = () => undefined;

  static async on(model: ChannelModel): Promise<PublishingChannel> {
    return new PublishingChannel(model, await model.createConfirmChannel());
  }

  private constructor(
    readonly model: ChannelModel,
    /** amqplib's channel, for everything but publishing. */
    readonly channel: ConfirmChannel,
  ) {
    channel.on('error', (error: Error) => {
      this.failure = error;
    });
    channel.once('close', () => this.end());
    this.wire = Wire.of(model);
    this.number = this.wire?.attach(channel, {
      returned: (body) => this.onReturned(body),
      confirmed: (tag, multiple, acknowledged) => this.onConfirmed(tag, multiple, acknowledged),
    });
    channel.on('return', ({ content }: Message) => this.onReturned(content));
  }

  /**
   * Publishes a message.
   * @throws ClientSendError when it cannot be written, Error when the channel is closed
   */
  publish(given: OutgoingMessage, onOutcome: OnOutcome): void {
    if (!this.usable) throw new Error('the channel is closed');
    const { number, wire } = this;
    const largestPayload = wire?.largestPayload ?? MIN_FRAME_MAX;
    const message = given.keptHeaders ? fitting(given, largestPayload) : given;
    assertWritable(message, largestPayload);
    if (wire && number !== undefined) this.write(wire, number, message);
    else this.publishByAmqplib(message, this.unconfirmed.next);
    this.unconfirmed.add({ message, onOutcome, returned: false });
  }

  /** True while messages can be published. */
  get usable(): boolean {
    return this.open && !this.retired;
  }

  /**
   * Delivery tag of the oldest request without a confirm. Replies do not count: the queue of another caller may be out of
   * reach for long.
   */
  get oldestRequest(): number | undefined {
    for (const [tag, { message }] of this.unconfirmed) if (message.exchange !== '') return tag;
    return undefined;
  }

  /** Accepts no more messages, and closes the channel as soon as every message on it is confirmed. */
  retire(): void {
    this.retired = true;
    this.closeIfDone();
  }

  private closeIfDone(): void {
    if (this.open && this.retired && this.unconfirmed.size === 0) this.channel.close().catch(() => undefined);
  }

  private write({ writer, largestPayload }: Wire, channel: number, message: OutgoingMessage): void {
    const { body } = message;
    const size = body.length;
    if (size <= MAX_COPIED_BYTES && size <= largestPayload) {
      writer.fill(headRoom(message) + size + FRAME_OVERHEAD, (bytes, start) => {
        let at = putHead(bytes, start, channel, message);
        if (size === 0) return at;
        at = putFrameHead(bytes, at, FRAME.BODY, channel, size);
        at += body.copy(bytes, at);
        return bytes.writeUInt8(FRAME_END, at);
      });
      return;
    }
    writer.fill(headRoom(message), (bytes, at) => putHead(bytes, at, channel, message));
    for (let start = 0; start < size; start += largestPayload) {
      const part = body.subarray(start, start + largestPayload);
      writer.fill(FRAME_OVERHEAD, (bytes, at) => putFrameHead(bytes, at, FRAME.BODY, channel, part.length));
      writer.write(part);
      writer.fill(1, (bytes, at) => bytes.writeUInt8(FRAME_END, at));
    }
  }

  private publishByAmqplib(message: OutgoingMessage, tag: number): void {
    const { exchange, routingKey, body, mandatory, expiration, deadline, cancellable, headers } = message;
    const options: Options.Publish = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers: {
        ...headers,
        ...(deadline !== undefined && { [DEADLINE]: deadline }),
        ...(cancellable && { [CANCELLABLE]: true }),
      },
      mandatory,
      ...(expiration !== undefined && { expiration: String(expiration) }),
    };
    this.channel.publish(exchange, routingKey, body, options, (error: Error | null) => {
      // amqplib also fails every message when the channel closes; 'close' handles that.
      if (this.open) this.onConfirmed(tag, false, error === null);
    });
  }

  private onConfirmed(tag: number, multiple: boolean, acknowledged: boolean): void {
    const outcome = acknowledged ? 'confirmed' : 'nacked';
    if (tag > this.processed) this.processed = tag;
    if (!multiple) {
      this.settle(tag, outcome);
      return;
    }
    for (const [earlier] of this.unconfirmed) {
      if (earlier > tag) break;
      this.settle(earlier, outcome);
    }
  }

  private settle(tag: number, outcome: Outcome): void {
    const unconfirmed = this.unconfirmed.remove(tag);
    if (!unconfirmed) return;
    unconfirmed.onOutcome(unconfirmed.returned ? 'returned' : outcome);
    if (this.retired) this.closeIfDone();
  }

  /**
   * Finds the returned message by its body: `basic.return` carries no delivery tag. The broker processes a channel in
   * order, so the message is behind everything confirmed or returned so far, and each message is compared once.
   */
  private onReturned(body: Buffer): void {
    for (let tag = this.processed + 1; tag < this.unconfirmed.next; tag++) {
      const one = this.unconfirmed.get(tag);
      if (!one?.message.mandatory || !one.message.body.equals(body)) continue;
      one.returned = true;
      this.processed = tag;
      return;
    }
  }

  private end(): void {
    this.open = false;
    this.onClose();
    const unconfirmed = [...this.unconfirmed];
    const outcomes = this.failure && classifyClose(this.failure, unconfirmed, this.processed);
    for (const [tag] of unconfirmed) this.settle(tag, outcomes?.get(tag) ?? 'lost');
  }
}

/** Returns the message without its original headers when these do not fit into one frame. */
function fitting(message: OutgoingMessage, largestPayload: number): OutgoingMessage {
  return headRoom(message) <= largestPayload ? message : { ...message, keptHeaders: undefined };
}
