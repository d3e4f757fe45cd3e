import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import { FRAME, FRAME_END, FRAME_OVERHEAD } from '../wire/frame-format.js';
import { LARGEST_COPY } from '../wire/frame-writer.js';
import { assertWritable, headRoom, type OutgoingMessage, putFrameHead, putHead } from '../wire/outgoing-frames.js';
import { Wire } from '../wire/wire.js';
import { Verdict } from './publish-refusal.js';

/** Bytes of a frame that every broker takes, where it is not known what was agreed upon. */
const LEAST_FRAME = 4096;

/**
 * Outcome of a message. `taken`, `refused` and `returned` are the broker's words; for the others see {@link Verdict}.
 */
export type Outcome = 'taken' | 'refused' | 'returned' | ReturnType<Verdict['on']>;

/** Called once, when the broker has confirmed the message or cannot do so any more. */
export type OnOutcome = (outcome: Outcome) => void;

interface Unconfirmed {
  readonly message: OutgoingMessage;
  readonly onOutcome: OnOutcome;
  /** No queue took it; the confirmation follows. */
  returned: boolean;
}

/** A channel that messages are published on, each of which the broker confirms. */
export class PublishingChannel {
  /** By the number that the broker gives each message of the channel, in that order. */
  private readonly unconfirmed = new Map<number, Unconfirmed>();
  private published = 0;
  private readonly wire: Wire | undefined;
  private readonly number: number | undefined;
  open = true;
  private retired = false;
  /** Highest number of a message of which the broker has said anything. */
  private processed = 0;
  /** Why the broker closed it. */
  failure: Error | undefined;
  /** Called when it has gone, before the outcomes of its messages. */
  onClose: () => void = () => undefined;

  static async on(model: ChannelModel): Promise<PublishingChannel> {
    return new PublishingChannel(model, await model.createConfirmChannel());
  }

  private constructor(
    readonly model: ChannelModel,
    /** For all else that one does with a channel. */
    readonly channel: ConfirmChannel,
  ) {
    channel.on('error', (error: Error) => {
      this.failure = error;
    });
    channel.once('close', () => this.end());
    this.wire = Wire.of(model);
    this.number = this.wire?.attach(channel, {
      returned: (body) => this.onReturned(body),
      confirmed: (tag, multiple, taken) => this.onConfirmed(tag, multiple, taken),
    });
    channel.on('return', ({ content }: Message) => this.onReturned(content));
  }

  /**
   * @throws ClientSendError when it cannot be written, Error when the channel is closed
   */
  publish(message: OutgoingMessage, onOutcome: OnOutcome): void {
    if (!this.usable) throw new Error('the channel is closed');
    const { number, wire } = this;
    assertWritable(message, wire?.largestPayload ?? LEAST_FRAME);
    const tag = this.published + 1;
    if (wire && number !== undefined) this.write(wire, number, message);
    else this.publishByAmqplib(message, tag);
    this.published = tag;
    this.unconfirmed.set(tag, { message, onOutcome, returned: false });
  }

  /** True while messages can be published there. */
  get usable(): boolean {
    return this.open && !this.retired;
  }

  /** Closes it as soon as the broker has said of all that was published there what became of it. */
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
    if (size <= LARGEST_COPY && size <= largestPayload) {
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
    const { exchange, routingKey, body, mandatory, expiration, headers = {} } = message;
    const options: Options.Publish = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers,
      mandatory,
      ...(expiration !== undefined && { expiration: String(expiration) }),
    };
    this.channel.publish(exchange, routingKey, body, options, (error: Error | null) => {
      // The channel's end is told by its own event.
      if (this.open) this.onConfirmed(tag, false, error === null);
    });
  }

  private onConfirmed(tag: number, multiple: boolean, taken: boolean): void {
    const outcome = taken ? 'taken' : 'refused';
    if (tag > this.processed) this.processed = tag;
    if (!multiple) {
      this.settle(tag, outcome);
      return;
    }
    for (const earlier of this.unconfirmed.keys()) {
      if (earlier > tag) break;
      this.settle(earlier, outcome);
    }
  }

  private settle(tag: number, outcome: Outcome): void {
    const unconfirmed = this.unconfirmed.get(tag);
    if (!unconfirmed) return;
    this.unconfirmed.delete(tag);
    unconfirmed.onOutcome(unconfirmed.returned ? 'returned' : outcome);
    if (this.retired) this.closeIfDone();
  }

  /**
   * The broker returns a message before it confirms it, and names it by its body alone. It processes a channel in order,
   * so the message is behind all of which anything was said, and no message is looked at twice.
   */
  private onReturned(body: Buffer): void {
    for (let tag = this.processed + 1; tag <= this.published; tag++) {
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
    const { failure, unconfirmed } = this;
    const verdict = failure && new Verdict(failure, unconfirmed, this.processed);
    for (const [tag, { message }] of [...unconfirmed]) this.settle(tag, verdict?.on(tag, message) ?? 'lost');
  }
}
