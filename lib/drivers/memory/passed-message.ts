import type { Dict } from '../../core/dict.js';
import { decodeEnvelope, encodeMessage } from '../../core/envelope.js';
import type { MessageLimits } from '../../core/limits.js';
import { copyPlain, sizeOfLastCopy } from './plain-copy.js';

/**
 * A message that stays within the process. Whoever reads it gets what its text in JSON would have given, and nothing
 * that the sender or another reader can still change. Where a copy does for that, no text is made: it would be half of
 * what a call costs.
 */
export class PassedMessage {
  private constructor(
    private readonly content: Dict | Buffer,
    private readonly limits: MessageLimits,
    /** Bytes that it takes, about. */
    readonly size: number,
  ) {}

  /** @throws ClientSendError when it cannot be written as JSON, or is too large */
  static of(message: Dict, limits: MessageLimits): PassedMessage {
    const copy = copyPlain(message, limits);
    if (copy) return new PassedMessage(copy, limits, sizeOfLastCopy());
    const body = encodeMessage(message, limits, false);
    return new PassedMessage(body, limits, body.length);
  }

  /** Its text. */
  get body(): Buffer {
    const { content, limits } = this;
    return Buffer.isBuffer(content) ? content : encodeMessage(content, limits, false);
  }

  /**
   * The reader's own.
   * @param last whether nobody will read it again
   * @throws InvalidMessage when it is over the reader's limits
   */
  read(limits: MessageLimits, last: boolean): Dict {
    const { content } = this;
    if (Buffer.isBuffer(content)) return decodeEnvelope(content, limits);
    if (last && this.isWithin(limits)) return content;
    return copyPlain(content, limits) ?? decodeEnvelope(this.body, limits);
  }

  private isWithin({ bodyBytes, depth }: MessageLimits): boolean {
    return bodyBytes >= this.limits.bodyBytes && depth >= this.limits.depth;
  }
}
