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
