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

/** Limits of memory use. A message or call beyond one is refused or dropped, and counted. */
export interface LimitOptions {
  /** Maximum size of one body, decompressed, in bytes. @default 16 MiB */
  bodyBytes?: number | undefined;
  /** Maximum nesting depth of a message. @default 100 */
  depth?: number | undefined;
  /**
   * Maximum number of values of one message: elements, members, arrays and objects. Without this limit, 16 MiB could hold
   * eight million values, which need most of a gigabyte and seconds to parse. @default 500000
   */
  values?: number | undefined;
  /** Maximum ratio of the decompressed to the compressed size; bodies up to 1 MiB are exempt. @default 100 */
  compressionRatio?: number | undefined;
  /**
   * Maximum size of the messages in work at each server or listener, in bytes: decompressed, with an estimate of their
   * parsed form. A message that would exceed it waits until others are done. A single message never waits. @default 256 MiB
   */
  bytesInWork?: number | undefined;
  /** Maximum number of calls that wait for their reply. Further calls are refused at once. @default 100000 */
  pendingCalls?: number | undefined;
  /** Maximum number of unconfirmed messages. Further ones are refused at once. @default 100000 */
  pendingPublishes?: number | undefined;
  /** Maximum size of the unconfirmed messages, in bytes. @default 256 MiB */
  pendingPublishBytes?: number | undefined;
  /** Number of requests that each server remembers, the newest, to drop duplicates. @default 10000 */
  duplicateWindow?: number | undefined;
  /** Time that a request is remembered. @default '10m' */
  duplicateTtl?: Duration | undefined;
  /**
   * Maximum number of deliveries of a notification, or of an at-least-once request, before it is dead-lettered.
   * @default 20
   */
  deliveries?: number | undefined;
  /** Maximum number of replies that wait for a missing or full reply queue. Further ones are dropped. @default 1000 */
  waitingReplies?: number | undefined;
  /** Maximum size of the waiting replies, in bytes. @default 64 MiB */
  waitingReplyBytes?: number | undefined;
  /**
   * Number of reply queues that are remembered as missing for a minute. A reply to one of them is tried once. Beyond the
   * limit, the least recently used is forgotten. @default 200
   */
  missingReplyQueues?: number | undefined;
  /** Former name of {@link missingReplyQueues}, which has priority. @deprecated Use `missingReplyQueues`. */
  goneReplyQueues?: number | undefined;
  /** Maximum number of waiting messages in one queue of `memory://`. Further ones are refused. @default 100000 */
  queuedMessages?: number | undefined;
  /** Approximate maximum size of all waiting messages of a `memory://` broker, in bytes. @default 256 MiB */
  queuedBytes?: number | undefined;
}

/** Complete {@link LimitOptions}; durations in milliseconds. */
export interface Limits extends Required<MessageLimits> {
  /** Maximum size of the messages in work at each server or listener, in bytes. */
  readonly bytesInWork: number;
  /** Maximum number of calls that wait for their reply. */
  readonly pendingCalls: number;
  /** Maximum number of unconfirmed messages. */
  readonly pendingPublishes: number;
  /** Maximum size of the unconfirmed messages, in bytes. */
  readonly pendingPublishBytes: number;
  /** Number of requests that each server remembers, to drop duplicates. */
  readonly duplicateWindow: number;
  /** Time that a request is remembered, in milliseconds. */
  readonly duplicateTtl: number;
  /** Maximum number of deliveries of one message before it is dead-lettered. */
  readonly deliveries: number;
  /** Maximum number of replies that wait for a missing or full reply queue. */
  readonly waitingReplies: number;
  /** Maximum size of the waiting replies, in bytes. */
  readonly waitingReplyBytes: number;
  /** Number of reply queues that are remembered as missing. */
  readonly missingReplyQueues: number;
  /** Maximum number of waiting messages in one queue of `memory://`. */
  readonly queuedMessages: number;
  /** Approximate maximum size of all waiting messages of a `memory://` broker, in bytes. */
  readonly queuedBytes: number;
}

/** Rule of each limit. */
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

/** Returns the limits with their defaults. */
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
