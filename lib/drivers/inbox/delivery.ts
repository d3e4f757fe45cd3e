import type { Dict } from '../../core/dict.js';
import type { ReceivedHeaders } from '../../core/instrumentation.js';
import type { MessageLimits } from '../../core/limits.js';

/** Message that a broker delivered, not settled yet. Implemented by each engine. */
export interface Delivery {
  /** Body as published, perhaps compressed. */
  readonly body: Buffer;
  /** Value of the `compression` header; absent for an uncompressed body. */
  readonly compression?: string | undefined;
  /** Encoded header table, for publishing the message again. Absent for engines without one. */
  readonly headerTable?: Buffer | undefined;
  /**
   * Returns the message as an object of the reader's own.
   * @throws InvalidMessage when the body is not a message or exceeds a limit
   */
  read(limits: MessageLimits): Dict;
  /**
   * Returns the decompressed body.
   * @throws InvalidMessage when it cannot be decompressed
   */
  text(limits: MessageLimits): Buffer;
  /** Decompresses an unreadable body outside the event loop, at any ratio. Absent without compression. */
  textAside?(limits: MessageLimits): Promise<Buffer>;
  /** Returns the maximum size of the decompressed body, in bytes. Absent when reading allocates nothing further. */
  size?(limits: MessageLimits): number;
  /** Returns false if the raw body has no method with this prefix. */
  mayCall(prefix: string): boolean;
  /** Queue that the message was consumed from. */
  readonly queue: string;
  /** Known number of earlier deliveries that were returned to the queue. */
  readonly returns: number;
  /** Number of returns after which the broker drops the message at the next one; Infinity when it never does. */
  readonly maxReturns: number;
  /** Headers of AMQP that are read; empty for engines without them. */
  readonly headers: ReceivedHeaders;
  /** Time at which it began to wait for a free slot, on the monotonic clock in milliseconds. The receiver sets it. */
  waitingSince?: number | undefined;
  /** True when this very message was delivered before and returned. */
  readonly redelivered: boolean;
  /** True when it was returned to a queue that does not count returns: the next return would look like the first. */
  readonly uncounted?: boolean;
  /** True when another server may have started it: it was redelivered, or its sender published it again. */
  readonly repeated: boolean;
  /** Time at which its caller gives up, on the monotonic clock in milliseconds; Infinity when it never expires. */
  readonly expires: number;
  /** Expiration in milliseconds as published, to publish the message again; absent when it never expires. */
  readonly expiration?: number | undefined;
  /** Time at which its caller gives up, on the caller's clock in milliseconds; absent where the caller has not said. */
  readonly deadline?: number | undefined;
  /** True when its caller cancels it when it gives it up before its deadline. */
  readonly cancellable?: boolean | undefined;
  /** Queue of a server that runs the call, to cancel it there. Absent in a reply. */
  readonly cancelTo?: string | undefined;
  /** True for a message that cancels a call, in a reply queue. */
  readonly isCancel?: boolean;
  /** True once the broker has revoked it: it must not be started. Absent when the broker never revokes. */
  readonly revoked?: boolean;
  /**
   * Acknowledges the message. Returns true when the queue no longer has it, false when the channel was lost; the broker
   * then delivers it again.
   */
  acknowledge(): Promise<boolean> | true;
  /** Returns the message to its queue, to be delivered again. Never throws: without a channel it returns by itself. */
  requeue(): void;
  /** Returns an unstarted message to its queue. Does not count as a return where the broker distinguishes the two. */
  release(): void;
}
