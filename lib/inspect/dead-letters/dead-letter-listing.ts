import type { DeadLetter } from './dead-letter.js';
import type { UnknownGroup } from './unknown-group.js';

/** Dead letters of a queue with the same original queue, reason and method. */
export interface DeadLetterGroup {
  /** Id made of queue, original queue, reason and method. */
  readonly id: string;
  readonly originalQueue: string | null;
  readonly reason: string;
  readonly kind: DeadLetter['kind'];
  /** Method or event type. */
  readonly name: string | null;
  readonly count: number;
  /** Number of those that had been replayed before. */
  readonly failedAgain: number;
  /** Largest number of replays of one of them. */
  readonly replays: number;
  readonly oldest: number | null;
  readonly newest: number | null;
  /** The first of them. */
  readonly example: DeadLetter;
}

/** Dead-letter queue, as far as it was read. */
export interface DeadLetterQueueListing {
  readonly queue: string;
  readonly type: 'classic' | 'quorum';
  /** Number of messages. */
  readonly total: number;
  /** Number of messages that were read: the first ones. */
  readonly read: number;
  /** Groups, the largest first. */
  readonly groups: readonly DeadLetterGroup[];
  /** Dead letters that were read, in the order of the queue. */
  readonly letters: readonly DeadLetter[];
  /** True where another program reads the queue, too: messages that it holds are missing. */
  readonly isShared: boolean;
  /** Hints on what is missing, and on what reading costs there, one sentence each. */
  readonly notices: readonly string[];
}

/** Result of a look at dead-letter queues. */
export interface DeadLetterListing {
  readonly queues: readonly DeadLetterQueueListing[];
  /** Queues that could not be read, with the reason. */
  readonly unread: readonly { readonly queue: string; readonly reason: string }[];
  /** Group of the filter that no message belonged to, of those that were read; null where one did. */
  readonly unknownGroup: UnknownGroup | null;
}
