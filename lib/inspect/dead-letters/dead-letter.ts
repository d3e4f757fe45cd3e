/** Kind of a dead letter. A body that cannot be decoded is `unreadable`. */
export type DeadLetterKind = 'call' | 'cast' | 'notification' | 'unreadable';

/** Dead letter, without its content. */
export interface DeadLetter {
  /** Id made of the content. Copies of one dead letter have the same. It stays the same between two looks. */
  readonly id: string;
  /** Queue that it is in. */
  readonly queue: string;
  /** Queue that it came from; null where nothing says so. */
  readonly originalQueue: string | null;
  readonly kind: DeadLetterKind;
  /** Method of a request, or event type of a notification; null where it is unreadable. */
  readonly name: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
  /** Reason, in one line: that of the server, or `RabbitMQ: ` and that of the broker. */
  readonly reason: string;
  /** Time of dead-lettering in milliseconds since 1970; null where it is unknown. */
  readonly at: number | null;
  /** Number of deliveries before it was dead-lettered; null where it is unknown. */
  readonly deliveries: number | null;
  /** Number of replays before. */
  readonly replays: number;
  /** Id of the last replay; null for none. */
  readonly replayId: string | null;
  /** Request id of its context. */
  readonly requestId: string | null;
  /** User of its context, or publisher of a notification. */
  readonly caller: string | null;
  /** Reply queue of a call. */
  readonly replyQueue: string | null;
  /** Size of the body in bytes. */
  readonly size: number;
  /** Arguments or payload as JSON, masked and shortened; the beginning of the body of an unreadable one. */
  readonly excerpt: string;
}

/** Dead letter with its content. Secrets are masked. */
export interface DeadLetterContent extends DeadLetter {
  /** Headers as they are in the queue. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Decoded message; null for an unreadable one. */
  readonly message: Readonly<Record<string, unknown>> | null;
  /** Why the body cannot be decoded; null where it can. */
  readonly damage: string | null;
  /** True for a call whose reply queue no longer exists. A replay makes it a cast. */
  readonly callerIsGone: boolean;
}
