import type { TopicView } from './topics.js';

/** State of an application, or of a broker. */
export interface Snapshot {
  readonly at: number;
  /** Name of the application, or the masked URL of the broker. */
  readonly title: string;
  /** Place that is shown: an application's own process, or a broker (`oslo-rpc explore`). */
  readonly source: 'application' | 'broker';
  /** Version of the library. */
  readonly version: string;
  readonly readOnly: boolean;
  readonly can: {
    /** `POST api/call` is allowed. */
    readonly call: boolean;
    /** Dead letters can be listed. */
    readonly dead: boolean;
    /** `POST api/dead/replay` is allowed. */
    readonly replay: boolean;
    /** The messages of a broker are seen live. */
    readonly tap: boolean;
    /** The management API answers: queues have counts, bindings are checked. */
    readonly management: boolean;
  };
  /** Hints on what is not seen and what to do about it, one sentence each. */
  readonly notices: readonly string[];
  readonly transports: readonly TransportView[];
  readonly topics: readonly TopicView[];
  /** Timeouts of methods that have grown by back-off, the longest first. At a broker: as the expirations of calls that were seen say. */
  readonly timeouts: readonly TimeoutView[];
  /** Requests for methods or versions that no endpoint has, the latest first. At a broker: as the replies that were seen say. */
  readonly unknownMethods: readonly UnknownMethod[];
  /** The doctor's findings, faults first. */
  readonly findings: readonly FindingView[];
  /** Time of the findings; null before the first examination. */
  readonly findingsAt: number | null;
}

/** Status of a connection or a transport, as `DriverStatus`. */
export type StatusView = 'idle' | 'connecting' | 'connected' | 'degraded' | 'disconnected' | 'blocked' | 'closed';

/** Transport of an application, or the connection of the command. */
export interface TransportView {
  /** `name` of the `forRoot`; null for the one without a name. */
  readonly name: string | null;
  readonly use: 'rpc' | 'notifications';
  /** Masked URL. */
  readonly url: string;
  readonly broker: 'rabbit' | 'memory';
  readonly status: StatusView;
  readonly connections: readonly {
    readonly purpose: 'publishing' | 'consuming';
    readonly state: StatusView;
  }[];
  /** Seconds for which the broker has blocked publishing since the start. */
  readonly blockedSeconds: number;
  /** Queues of servers and listeners, and the reply queue. */
  readonly consumers: readonly { readonly queue: string; readonly attached: boolean }[];
  readonly lastError: { readonly message: string; readonly at: number } | null;
  /** Requests and notifications in work, and their limit. */
  readonly slots: { readonly used: number; readonly limit: number; readonly waiting: number };
  readonly pending: { readonly calls: number; readonly publishes: number; readonly publishBytes: number };
  /** Numbers of events since the start, by name, such as `undeliverable`, `lateReplies`, `deadLettered`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Timeout of a method that has grown by back-off. */
export interface TimeoutView {
  readonly transport: string | null;
  /** Method with its namespace. */
  readonly method: string;
  readonly timeout: number;
  /** Number of doublings, from 1. */
  readonly level: number;
  /** Timeout of a method that has not grown. */
  readonly first: number;
  /** Ceiling, `rpcResponseMaxTimeout`. */
  readonly max: number;
}

/** Requests that no endpoint answers. */
export interface UnknownMethod {
  readonly exchange: string;
  readonly topic: string;
  readonly namespace: string | null;
  readonly version: string | null;
  readonly method: string;
  /** Class of the error that the callers got, such as `NoSuchMethod` or `UnsupportedVersion`. */
  readonly error: string;
  readonly count: number;
  readonly at: number;
}

/** Finding of the doctor. */
export interface FindingView {
  /** `fault`: something fails now. `warning`: it can fail. `ok`: examined, and as it should be. `unseen`: it could not be examined. */
  readonly severity: 'fault' | 'warning' | 'ok' | 'unseen';
  /** The doctor's own word, such as `unserved`, `conflict`, `blocked`. */
  readonly state: string;
  /** Kind of the subject, such as `queue`, `exchange`, `host`, `broker`, `method`. */
  readonly kind: string;
  /** Name of the subject. */
  readonly name: string;
  /** The fact. */
  readonly text: string;
  /** Why it hurts; null where the text says it. */
  readonly why: string | null;
  /** Remedy; null where nothing is to do. */
  readonly cure: string | null;
}
