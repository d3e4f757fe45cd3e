import type { Dict } from '../../core/dict.js';
import type { MessageLimits } from '../../core/limits.js';

/** One message as a broker hands it over. */
export interface Delivery {
  /** As it came, perhaps compressed. */
  readonly body: Buffer;
  /** The header that says how it is compressed, where it is. */
  readonly compression?: string | undefined;
  /** The message in it, the reader's own. @throws InvalidMessage */
  read(limits: MessageLimits): Dict;
  /** The body, decompressed. @throws InvalidMessage when that cannot be done */
  text(limits: MessageLimits): Buffer;
  /** The same, for what cannot be read: off the event loop, and whatever its ratio. Absent where there is no compression. */
  textAside?(limits: MessageLimits): Promise<Buffer>;
  /** Bytes that the body has at the most, decompressed. Absent where the message takes no more when it is read. */
  size?(limits: MessageLimits): number;
  /** Where it was read. */
  readonly queue: string;
  /** Number of times that it was delivered before and came back, as far as that is known. */
  readonly returns: number;
  /** Number of returns after which the broker drops it when it is returned once more. Infinity where it never does. */
  readonly mostReturns: number;
  /** True where this very message was delivered before and came back. */
  readonly redelivered: boolean;
  /** Whether it came back to a queue whose broker does not count that: the next time would look like the first. */
  readonly uncounted?: boolean;
  /** Whether it may have been begun elsewhere: it was delivered before and came back, or its sender published it again. */
  readonly repeated: boolean;
  /** On the monotonic clock: nobody waits for it any longer than that. Infinite where it is for ever. */
  readonly expires: number;
  /** The milliseconds it was published with, for whoever publishes it again; absent for ever. */
  readonly expiration?: number | undefined;
  /** True once the broker has taken it back, so that it must not be started. Absent where a broker never does. */
  readonly revoked?: boolean;
  /**
   * Takes it off the queue; true where that is done already. False when it cannot be, as its channel is gone: the broker
   * delivers it again.
   */
  acknowledge(): Promise<boolean> | true;
  /** Puts it back, to be delivered again. Never throws: what cannot be put back comes back by itself. */
  requeue(): void;
  /** Puts it back without having begun with it, which does not count as a return where the broker tells that apart. */
  release(): void;
}
