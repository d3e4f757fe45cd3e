/** Dead letters of all dead-letter queues that are known. */
export interface DeadLetters {
  readonly at: number;
  readonly queues: readonly DeadQueue[];
  /** Why some are missing; null where none are. */
  readonly incomplete: string | null;
}

/** Dead-letter queue. */
export interface DeadQueue {
  readonly queue: string;
  /** `name` of the transport in {@link TransportView}. */
  readonly transport: string | null;
  /** Queue that its messages came from. */
  readonly original: string | null;
  /** Number of messages. */
  readonly count: number;
  /** Messages by reason and method, the largest group first. */
  readonly groups: readonly DeadGroup[];
  /** First messages, the oldest first. Fewer than `count` where there are many. */
  readonly messages: readonly DeadMessage[];
}

/** Dead letters with the same reason and method. */
export interface DeadGroup {
  /** Id for {@link ReplayRequest}. */
  readonly id: string;
  readonly reason: string;
  readonly method: string | null;
  readonly count: number;
  /** Number of those that had been replayed before, and failed again. */
  readonly failedAgain: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

/** One dead letter. */
export interface DeadMessage {
  /** Id for {@link ReplayRequest}. */
  readonly id: string;
  /** {@link DeadGroup} that it belongs to. */
  readonly group: string;
  readonly kind: 'request' | 'notification' | 'unreadable';
  readonly method: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
  /** Arguments or payload as JSON, masked and shortened; the beginning of the body of an unreadable one. */
  readonly args: string;
  readonly reason: string;
  readonly at: number | null;
  readonly deliveries: number | null;
  /** Number of earlier replays, after which it failed again. */
  readonly replays: number;
  readonly requestId: string | null;
  readonly caller: string | null;
}

/** Body of `POST api/dead/replay`: one message, a group, or all of a queue. */
export interface ReplayRequest {
  readonly queue: string;
  readonly transport?: string | null;
  /** Messages to replay. */
  readonly messages?: readonly string[];
  /** Group to replay. */
  readonly group?: string;
  /** True to replay all. */
  readonly all?: boolean;
}

/** Result of a replay. */
export interface ReplayResult {
  readonly replayed: number;
  readonly failed: number;
  /** Messages left in the queue. */
  readonly left: number;
  /** First error, also for messages or a group that are not there; null without any. */
  readonly error: string | null;
}
