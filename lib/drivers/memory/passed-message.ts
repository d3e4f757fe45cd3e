import type { Dict } from '../../core/dict.js';
import { decodeEnvelope, encodeMessage } from '../../core/envelope.js';
import type { MessageLimits } from '../../core/limits.js';
import { copyPlain, sizeOfLastCopy } from './plain-copy.js';

/**
 * Message within the process. Readers get the same value as from its JSON text, and share no object with the sender or
 * other readers. Plain values are copied instead of encoded, because JSON would be half of the cost of a call.
 */
export class PassedMessage {
  private constructor(
    private readonly content: Dict | Buffer,
    private readonly limits: MessageLimits,
    /** Approximate size, in bytes. */
    readonly size: number,
    /** True for a call that its caller cancels when it gives it up before its deadline. */
    readonly cancellable: boolean,
  ) {}

  /** Copies or encodes a message. @throws ClientSendError when the message has no JSON form or exceeds a limit */
  static of(message: Dict, limits: MessageLimits, cancellable = false): PassedMessage {
    const copy = copyPlain(message, limits);
    if (copy) return new PassedMessage(copy, limits, sizeOfLastCopy(), cancellable);
    const body = encodeMessage(message, limits, false);
    return new PassedMessage(body, limits, body.length, cancellable);
  }

  /** JSON text of the message. */
  get body(): Buffer {
    const { content, limits } = this;
    return Buffer.isBuffer(content) ? content : encodeMessage(content, limits, false);
  }

  /** Returns false for a message that has no method with this prefix. */
  mayCall(prefix: string): boolean {
    const { content } = this;
    if (Buffer.isBuffer(content)) return content.includes(prefix);
    const { method } = content;
    return typeof method === 'string' && method.startsWith(prefix);
  }

  /**
   * Returns the message as an object of the reader's own.
   * @param last true when nobody reads it again, so that no copy is needed
   * @throws InvalidMessage when it exceeds the limits of the reader
   */
  read(limits: MessageLimits, last: boolean): Dict {
    const { content } = this;
    if (Buffer.isBuffer(content)) return decodeEnvelope(content, limits);
    if (last && this.isWithin(limits)) return content;
    return copyPlain(content, limits) ?? decodeEnvelope(this.body, limits);
  }

  /** Returns a copy of the message. */
  copy(): Dict {
    return this.read(this.limits, false);
  }

  /** Returns the message with members changed. */
  with(changes: Dict): PassedMessage {
    return PassedMessage.of({ ...this.copy(), ...changes }, this.limits, this.cancellable);
  }

  private isWithin({ bodyBytes, depth }: MessageLimits): boolean {
    return bodyBytes >= this.limits.bodyBytes && depth >= this.limits.depth;
  }
}
