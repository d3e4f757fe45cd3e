import type { Duration, OsloMessagingOptions } from '../../internal.js';
import type { UnknownGroup } from './unknown-group.js';

/** Queues to look at: the queue, those of the topic, or with neither all of the virtual host. */
export interface DeadLetterScope {
  /** Options of the connection to the broker. All queues of a virtual host are known with `rabbit.managementUrl` only. */
  readonly broker: OsloMessagingOptions;
  /** Dead-letter queue, by its name. */
  readonly queue?: string | undefined;
  readonly topic?: string | undefined;
  /** Server of the topic. */
  readonly server?: string | undefined;
  /** True to refuse a topic, or a server, that has neither a queue nor a dead-letter queue at the broker. @default false */
  readonly mustExist?: boolean | undefined;
  /** Maximum number of messages that are read in each queue. @default 1000 */
  readonly limit?: number | undefined;
  /** Ends the work: the message in hand is finished, and the others return to their queue. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked before a queue is read where each look counts as a delivery, and its limit is low or not known. Without consent, the
   * queue is not read.
   */
  readonly consent?: ((reason: string) => Promise<boolean>) | undefined;
}

/** Conditions that must all hold. Without any, all dead letters match. */
export interface DeadLetterFilter {
  /** Ids of dead letters. */
  readonly ids?: readonly string[] | undefined;
  /** Id of a group. */
  readonly group?: string | undefined;
  /** Text that the reason contains, in any case. */
  readonly reason?: string | undefined;
  /** Shell-style pattern of the method or event type. */
  readonly method?: string | undefined;
  /** Minimum age. A dead letter without a time does not match. */
  readonly olderThan?: Duration | undefined;
  /** Maximum age. */
  readonly newerThan?: Duration | undefined;
}

/** Options of {@link replayDeadLetters}. */
export interface ReplayOptions extends DeadLetterScope {
  readonly filter?: DeadLetterFilter | undefined;
  /** Maximum number of messages a second. @default unlimited */
  readonly rate?: number | undefined;
  /** Queue to publish to. @default the original queue of each */
  readonly to?: string | undefined;
  /** True to only count. @default false */
  readonly dryRun?: boolean | undefined;
  /** True to change a queue also where its messages are no dead letters and its name does not end in `.dead`. @default false */
  readonly force?: boolean | undefined;
  /** Time to wait for replayed messages that fail again. @default 0 */
  readonly watch?: Duration | undefined;
  /** Called with each step. A listener that throws ends the replay. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
}

/** State of a replay or purge after a step. */
export interface ReplayProgress {
  readonly queue: string;
  /** Messages that were read, of `total`. */
  readonly read: number;
  readonly total: number;
  /** Messages that were replayed, or purged. */
  readonly done: number;
  /** Messages that matched and stay in the queue. */
  readonly failed: number;
}

/** Dead letter that matched and stays in its queue. */
export interface ReplayFailure {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
}

/** Result of a replay. */
export interface ReplayResult {
  /** Id of the replay, in the header `x-replay-id` of each message. */
  readonly replayId: string;
  /** Messages that matched. */
  readonly matched: number;
  /** Messages that the broker has confirmed in their original queue; in a dry run 0. */
  readonly replayed: number;
  /** Calls among them that became casts, because their callers are gone. */
  readonly asCasts: number;
  /** Messages that matched and stay. */
  readonly failed: number;
  /** The first hundred of them. */
  readonly failures: readonly ReplayFailure[];
  /** Ids of the filter that no message had, of those that were read. */
  readonly unknownIds: readonly string[];
  /** Group of the filter that no message belonged to, of those that were read; null where one did. */
  readonly unknownGroup: UnknownGroup | null;
  /** Messages left in the queues at the end, without those that arrived meanwhile. */
  readonly left: number;
  /** Messages of this replay that were dead-lettered again while it watched; null where it did not watch. */
  readonly failedAgain: number | null;
  /** True when it was ended by its signal. */
  readonly interrupted: boolean;
  /** Error that stopped it, such as the loss of the connection; null for none. The other numbers hold until then. */
  readonly error: string | null;
  /** Hints, one sentence each. */
  readonly notices: readonly string[];
}

/** Options of {@link purgeDeadLetters}. */
export type PurgeOptions = Omit<ReplayOptions, 'rate' | 'to' | 'watch'>;

/** Result of a purge. */
export interface PurgeResult {
  /** Messages that matched. */
  readonly matched: number;
  /** Messages that were deleted; in a dry run 0. */
  readonly purged: number;
  /** Ids of the filter that no message had, of those that were read. */
  readonly unknownIds: readonly string[];
  /** Group of the filter that no message belonged to, of those that were read; null where one did. */
  readonly unknownGroup: UnknownGroup | null;
  /** Messages left in the queues at the end, without those that arrived meanwhile. */
  readonly left: number;
  readonly interrupted: boolean;
  /** Error that stopped it; null for none. */
  readonly error: string | null;
  readonly notices: readonly string[];
}
