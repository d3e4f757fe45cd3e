/**
 * JSON that the server of the explorer sends to its page, and takes from it. All times are in milliseconds: moments since 1970,
 * durations as they are. Everything is masked before it is sent: the page shows what it gets.
 *
 * | request                | answer                                                                          |
 * | ---------------------- | ------------------------------------------------------------------------------- |
 * | `GET ./`               | `page/index.html`. Without the slash it is redirected, so that all URLs of the page are relative |
 * | `GET ./assets/<path>`  | a file below `page/assets/`                                                     |
 * | `GET ./api/session`    | {@link Session}, and the cookie that its token belongs to                       |
 * | `GET ./api/snapshot`   | {@link Snapshot}                                                                |
 * | `GET ./api/history`    | {@link History}                                                                 |
 * | `GET ./api/events`     | server-sent events, {@link ExplorerEvents} by name                              |
 * | `GET ./api/dead`       | {@link DeadLetters}                                                             |
 * | `POST ./api/dead/replay` | {@link ReplayRequest} → {@link ReplayResult}                                  |
 * | `POST ./api/call`      | {@link CallRequest} → {@link CallResult}                                        |
 *
 * A `POST` has the header {@link CSRF_HEADER} with the token of the session, and `content-type: application/json`. Any other
 * answer than 200 has the body {@link Refusal}.
 */

/** Header of a `POST`, with the token of {@link Session}. */
export const CSRF_HEADER = 'x-csrf-token';

/** Names of the routes, below the path of the explorer. */
export const ROUTES = {
  session: 'api/session',
  snapshot: 'api/snapshot',
  history: 'api/history',
  events: 'api/events',
  dead: 'api/dead',
  replay: 'api/dead/replay',
  call: 'api/call',
} as const;

/** Session of a page. */
export interface Session {
  /** Value of the header {@link CSRF_HEADER}. Empty while the explorer is read-only. */
  readonly csrfToken: string;
}

/** Body of an answer that is an error. */
export interface Refusal {
  readonly error: {
    /** `stale-token`: ask for a new session, and try once more. `too-many`: the limit of event streams is reached. */
    readonly code:
      | 'bad-request'
      | 'failed'
      | 'forbidden'
      | 'not-found'
      | 'read-only'
      | 'stale-token'
      | 'too-large'
      | 'too-many'
      | 'unavailable';
    readonly message: string;
  };
}

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

/** Topic, with its servers, methods and queues. */
export interface TopicView {
  readonly exchange: string;
  readonly topic: string;
  /** `name` of the transport in {@link TransportView} that serves or calls it; null for the one without a name. */
  readonly transport: string | null;
  /** True where this application serves it. */
  readonly own: boolean;
  readonly servers: readonly ServerView[];
  /** Number of servers that answered discovery without a name: Python's, older ones. */
  readonly others: number;
  readonly apis: readonly ApiView[];
  readonly queues: readonly QueueView[];
}

/** Server of a topic. */
export interface ServerView {
  readonly name: string;
  /** `silent`: it answered before, and does not now. `unknown`: it is not asked. */
  readonly state: 'serving' | 'starting' | 'closed' | 'silent' | 'unknown';
  /** Name of the library, such as `nestjs-oslo-messaging`; null where it is not known. */
  readonly library: string | null;
  readonly version: string | null;
  /** Runtime and version, e.g. `Node.js 22.11.0`. */
  readonly runtime: string | null;
  readonly host: string | null;
  /** Time of its start. */
  readonly since: number | null;
  /** Time of its last answer. */
  readonly lastSeen: number | null;
  readonly slots: { readonly used: number; readonly limit: number } | null;
}

/** Methods of a topic in one version of a namespace. */
export interface ApiView {
  /** Null is the null namespace. */
  readonly namespace: string | null;
  readonly version: string;
  readonly methods: readonly MethodView[];
}

/** JSON Schema, such as `{ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }`. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** Method of a topic. */
export interface MethodView {
  readonly name: string;
  /** `either` where no contract says it. */
  readonly kind: 'call' | 'cast' | 'either';
  /** Version to send: that which introduced the method. */
  readonly since: string;
  /** True for a cast to all servers of the topic. */
  readonly fanout: boolean;
  /** True for a method that must be sent to one server by name. */
  readonly toServer: boolean;
  /** Schema of the arguments, always of an object; null where nothing is known. References are resolved. */
  readonly args: JsonSchema | null;
  /** Schema of the result; null where nothing is known. */
  readonly result: JsonSchema | null;
  /** Example of the arguments, to begin a call with. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Description, from the schema. */
  readonly doc: string | null;
  /** Class and method of the handler, where it is in this application. */
  readonly handler: string | null;
  /** Counts since the start; null before the first request. */
  readonly stats: MethodStatsView | null;
}

/** Counts and durations of the requests of a method. */
export interface MethodStatsView {
  readonly count: number;
  readonly errors: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Queue at the broker. Counts are null where nothing counts them. */
export interface QueueView {
  readonly name: string;
  readonly ready: number | null;
  readonly unacknowledged: number | null;
  readonly consumers: number | null;
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

/** Direction of a message: sent by this application, received by it, or seen at the broker. */
export type Direction = 'out' | 'in' | 'seen';

/** Events by their names. */
export interface ExplorerEvents {
  /** Once a second. */
  readonly tick: Tick;
  /** Messages that began or ended. One with an `id` that was seen before replaces that. */
  readonly messages: readonly SeenMessage[];
  /** State that has changed. */
  readonly snapshot: Snapshot;
}

/** Numbers of one second. */
export interface Tick {
  readonly at: number;
  /** Length of the interval. */
  readonly elapsed: number;
  /** Numbers by direction. Only directions that the source has. */
  readonly traffic: Partial<Readonly<Record<Direction, Traffic>>>;
  /** Requests in work and their limit, of all transports; null where they are not known. */
  readonly slots: { readonly used: number; readonly limit: number } | null;
  /** Calls that wait for a reply, of all transports; null where they are not known. */
  readonly pendingCalls: number | null;
  /** Number of methods whose timeout has grown. */
  readonly grownTimeouts: number;
  /** Messages of the interval that are sent to the page, of `total`. Below that, the page says "showing 1 of 40". */
  readonly shown: number;
  readonly total: number;
  /** Messages that the tap lost in the interval: neither shown nor counted elsewhere. */
  readonly lost: number;
}

/** Numbers of one direction in an interval. */
export interface Traffic {
  readonly calls: number;
  readonly casts: number;
  readonly notifications: number;
  /** Failed ones that ended in the interval, timeouts included. */
  readonly errors: number;
  readonly timeouts: number;
  /** Calls, casts and notifications that have not ended. */
  readonly inFlight: number;
  /** Percentiles of the durations of those that ended in the interval; null without any. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** Message that is shown. */
export interface SeenMessage {
  /** Unique in the process, and increasing in the order of the beginnings. */
  readonly id: number;
  readonly at: number;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  readonly direction: Direction;
  readonly exchange: string;
  /** Topic; of a notification that is sent, its topics separated by commas. */
  readonly topic: string;
  readonly server: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
  /** Method, or the event type of a notification. */
  readonly method: string;
  /** Arguments or payload as JSON, masked and shortened; it can end with `…`. */
  readonly args: string;
  /** Result as JSON, masked and shortened; null before it, and for a cast. */
  readonly result: string | null;
  /** Null while it is pending. */
  readonly duration: number | null;
  readonly outcome: 'pending' | 'ok' | 'error' | 'timeout';
  readonly error: SeenError | null;
  /** Sender, where it is known: user, project or publisher. */
  readonly caller: string | null;
  readonly requestId: string | null;
  /** Id on the wire, `_msg_id` or `_unique_id`. */
  readonly messageId: string | null;
  /** Class and method of the handler, of one that is received. */
  readonly handler: string | null;
  /** Time for which it waited for a free slot before its handler began; null of a message that is sent, or seen at the broker. */
  readonly waited: number | null;
  /** True for one that took longer than the threshold `slow`. */
  readonly slow: boolean;
}

/** Error of a message. */
export interface SeenError {
  /** Class, as Python or this library names it. */
  readonly type: string;
  readonly message: string;
  /** Last lines of the traceback of the server, or of the stack of the handler; masked and shortened. Empty where there is none. */
  readonly traceback: readonly string[];
}

/** Traffic before the page was opened. */
export interface History {
  /** Ticks of the last ten minutes, the oldest first. */
  readonly ticks: readonly Tick[];
  /** Latest messages, the oldest first. */
  readonly messages: readonly SeenMessage[];
  /** Latest slow ones, the oldest first. They can be older than `messages`. */
  readonly slow: readonly SeenMessage[];
  /** Latest failed ones, the oldest first. They can be older than `messages`. */
  readonly failed: readonly SeenMessage[];
  /** Duration from which a message is slow. */
  readonly slowThreshold: number;
}

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
  /** First error; null without any. */
  readonly error: string | null;
}

/** Body of `POST api/call`. */
export interface CallRequest {
  /** `name` of the transport in {@link TransportView}; null for the one without a name. */
  readonly transport?: string | null;
  readonly exchange?: string;
  readonly topic: string;
  /** Server to send it to; any, where it is missing. */
  readonly server?: string | null;
  readonly namespace?: string | null;
  readonly version?: string | null;
  readonly method: string;
  readonly kind: 'call' | 'cast' | 'fanout';
  readonly args?: Readonly<Record<string, unknown>>;
  /** Request context, in the keys of the wire, such as `user_id`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Time to wait for the reply of a call, in milliseconds, to 60,000. @default 10,000 */
  readonly timeout?: number;
}

/** Result of a call, with the status 200 also where the call failed. */
export interface CallResult {
  readonly outcome: 'ok' | 'error' | 'timeout';
  readonly duration: number;
  /** Result, masked; undefined for a cast. */
  readonly result?: unknown;
  readonly error: SeenError | null;
}
