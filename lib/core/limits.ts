import { type Duration, toMilliseconds } from './duration.js';
import { natural, type Rule, span } from './option-rules.js';

/** Limits of one message, sent or received. */
export interface MessageLimits {
  /** Maximum size of the body, in bytes. */
  readonly bodyBytes: number;
  /** Maximum nesting depth. */
  readonly depth: number;
  /** Maximum number of values: elements, members, arrays and objects. @default unlimited */
  readonly values?: number;
  /** Maximum ratio of the decompressed to the compressed size; bodies up to 1 MiB are exempt. @default unlimited */
  readonly compressionRatio?: number;
}

/** Bounds of what is kept in memory. What would go beyond one is refused or given up, and counted. */
export interface LimitOptions {
  /** Bytes of one body, decompressed. @default 16 MiB */
  bodyBytes?: number | undefined;
  /** Levels of nesting. @default 100 */
  depth?: number | undefined;
  /**
   * Values of one message: elements, members, arrays and objects. 16 MiB have room for eight million, which take most of a
   * gigabyte, and seconds to read. @default 500000
   */
  values?: number | undefined;
  /** Times its size that a compressed body may grow to; to 1 MiB it may in any case. @default 100 */
  compressionRatio?: number | undefined;
  /**
   * Bytes of the messages in work at each server or listener, decompressed, and with what parsing makes of them. Where one
   * more would go beyond it, that one waits until others are done with; a single one is never kept waiting. @default 256 MiB
   */
  bytesInWork?: number | undefined;
  /** Calls that wait for their reply; one more is refused at once. @default 100000 */
  pendingCalls?: number | undefined;
  /** Messages that the broker has not confirmed yet; one more is refused at once. @default 100000 */
  pendingPublishes?: number | undefined;
  /** Their bytes together. @default 256 MiB */
  pendingPublishBytes?: number | undefined;
  /** Requests remembered by each server, to drop those that come again; where more come, the newest. @default 10000 */
  duplicateWindow?: number | undefined;
  /** How long they are remembered. @default '10m' */
  duplicateTtl?: Duration | undefined;
  /** Deliveries of a notification, or of a request that is delivered at least once, after which it is dead-lettered. @default 20 */
  deliveries?: number | undefined;
  /** Replies that wait for a reply queue that is away; one more is dropped. @default 1000 */
  waitingReplies?: number | undefined;
  /** Their bytes together. @default 64 MiB */
  waitingReplyBytes?: number | undefined;
  /**
   * Reply queues that are remembered as missing for a minute. A reply to one of them is tried once. Beyond the limit, the
   * one that was unused for longest is forgotten. @default 200
   */
  missingReplyQueues?: number | undefined;
  /** @deprecated renamed to {@link missingReplyQueues}, which wins where both are given */
  goneReplyQueues?: number | undefined;
  /** Messages that wait in one queue of `memory://`; one more is refused. @default 100000 */
  queuedMessages?: number | undefined;
  /** Bytes, about, of the messages that wait in all queues of a `memory://` broker; at this, one more is refused. @default 256 MiB */
  queuedBytes?: number | undefined;
}

/** {@link LimitOptions}, complete; durations in milliseconds. */
export interface Limits extends Required<MessageLimits> {
  readonly bytesInWork: number;
  readonly pendingCalls: number;
  readonly pendingPublishes: number;
  readonly pendingPublishBytes: number;
  readonly duplicateWindow: number;
  readonly duplicateTtl: number;
  readonly deliveries: number;
  readonly waitingReplies: number;
  readonly waitingReplyBytes: number;
  readonly missingReplyQueues: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
}

/** What each limit may be. */
export const LIMIT_RULES: Readonly<Record<keyof LimitOptions, Rule>> = {
  bodyBytes: natural(1),
  depth: natural(1),
  values: natural(1),
  compressionRatio: natural(1),
  bytesInWork: natural(1),
  pendingCalls: natural(1),
  pendingPublishes: natural(1),
  pendingPublishBytes: natural(1),
  duplicateWindow: natural(1),
  duplicateTtl: span,
  deliveries: natural(1),
  waitingReplies: natural(1),
  waitingReplyBytes: natural(1),
  missingReplyQueues: natural(1),
  goneReplyQueues: natural(1),
  queuedMessages: natural(1),
  queuedBytes: natural(1),
};

const MIB = 2 ** 20;

export function limitsOf({ duplicateTtl = '10m', ...given }: LimitOptions = {}): Limits {
  return {
    bodyBytes: given.bodyBytes ?? 16 * MIB,
    depth: given.depth ?? 100,
    values: given.values ?? 500_000,
    compressionRatio: given.compressionRatio ?? 100,
    bytesInWork: given.bytesInWork ?? 256 * MIB,
    pendingCalls: given.pendingCalls ?? 100_000,
    pendingPublishes: given.pendingPublishes ?? 100_000,
    pendingPublishBytes: given.pendingPublishBytes ?? 256 * MIB,
    duplicateWindow: given.duplicateWindow ?? 10_000,
    duplicateTtl: toMilliseconds(duplicateTtl),
    deliveries: given.deliveries ?? 20,
    waitingReplies: given.waitingReplies ?? 1000,
    waitingReplyBytes: given.waitingReplyBytes ?? 64 * MIB,
    missingReplyQueues: given.missingReplyQueues ?? given.goneReplyQueues ?? 200,
    queuedMessages: given.queuedMessages ?? 100_000,
    queuedBytes: given.queuedBytes ?? 256 * MIB,
  };
}
