import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';

/** Role and settings of a process of the lab, as JSON in its environment. */
export interface WorkerPlan {
  readonly role: 'server' | 'client';
  /** Unique in the lab; its requests have ids that begin with it. */
  readonly name: string;
  readonly journal: string;
  readonly topic: string;
  readonly options: OsloMessagingOptions;
  /** Requests per second of a client. */
  readonly callRate: number;
  readonly castRate: number;
  /** Secret in the context of each request of a client. */
  readonly token: string;
}

/** Commands go one at a time, and each has one answer. */
export type Command =
  /** Starts the load, or goes on with it. */
  | { kind: 'load' }
  /** Ends the load; answered when every request has settled. */
  | { kind: 'rest' }
  | { kind: 'measure' }
  /** Lets go of all that the library holds; answered with what is left of it. */
  | { kind: 'close' };

export type Answer = { ok: true; value: unknown } | { ok: false; error: string };

export interface Measure {
  /** Bytes on the heap and beside it, after a collection. */
  readonly memory: number;
  /** Things that keep the process alive: sockets, timers. */
  readonly resources: Readonly<Record<string, number>>;
}
