import { type AccessPolicy, accessPolicyLike } from './access-policy.js';
import type { CredentialsProvider } from './credentials.js';
import type { Duration } from './duration.js';
import { type Instrumentation, instrumentations, interceptors, type RpcClientInterceptor } from './instrumentation.js';
import { LIMIT_RULES, type LimitOptions } from './limits.js';
import type { LogSink } from './logger.js';
import { type NotificationDriver, type NotifierDriver, notificationDrivers } from './notification-driver.js';
import {
  flag,
  list,
  member,
  natural,
  nested,
  object,
  oneOrMore,
  type Rule,
  span,
  text,
  withMethods,
} from './option-rules.js';
import { RABBIT_RULES, type RabbitOptions } from './rabbit-options.js';
import type { RoutingConfig } from './routing-config.js';
import { type Serializer, serializerLike } from './serializer.js';

/** Delivery guarantees of a server. */
export const DELIVERY_MODES: readonly DeliveryMode[] = ['at-most-once', 'at-least-once'];
/** Delivery guarantee of a server, see {@link OsloMessagingOptions.delivery}. */
export type DeliveryMode = 'at-most-once' | 'at-least-once';

/** Options of the library, all optional. */
export interface OsloMessagingOptions {
  /**
   * Configuration files of oslo.config, such as `/etc/tacker/tacker.conf`, read once at the start; later ones win. Options
   * given beside them win over the files. With them, the variables `OS_<GROUP>__<NAME>` of the environment are read, too,
   * and win over the files; `[]` reads only these. @default no files
   */
  configFiles?: string | readonly string[] | undefined;
  /** Folders whose files `*.conf` are read after `configFiles`, in the order of their names. @default none */
  configDirs?: string | readonly string[] | undefined;
  /**
   * `rabbit://user:password@host:5672/vhost`, several hosts separated by commas, or `memory://`. @default environment
   * TRANSPORT_URL, else 'memory://'
   */
  transportUrl?: string | undefined;
  /** Transport URL for notifications. @default transportUrl */
  notificationTransportUrl?: string | undefined;
  /** Name of this server on its topics. @default the machine's host name */
  host?: string | undefined;
  /** Topic of endpoints without one of their own. */
  topic?: string | undefined;
  /** Exchange of targets without one of their own. @default 'tacker' */
  controlExchange?: string | undefined;
  /** Time that a call waits for its reply. @default 60 */
  rpcResponseTimeout?: Duration | undefined;
  /** Maximum timeout of a client that backs off. @default ten times rpcResponseTimeout */
  rpcResponseMaxTimeout?: Duration | undefined;
  /**
   * Reduce the grown timeouts of a client that backs off when its calls are fast again: half of the timeout after five
   * answers in a row within half of it. Timeouts while the broker cannot be reached then do not count. Python never reduces
   * them. @default false
   */
  timeoutRecovery?: boolean | undefined;
  /** Python modules whose exceptions are rebuilt as registered classes. @default [] */
  allowedRemoteExmods?: readonly string[] | undefined;
  /** Send the stack of a handler's error to the caller, as in Python. It names files and lines. @default true */
  sendTracebacks?: boolean | undefined;
  /**
   * Serializer of arguments and results. It is wrapped in a `RequestContextSerializer`, unless it is one.
   * @default entities are not converted
   */
  serializer?: Serializer | undefined;
  /** Access policy of plain endpoints. @default `DefaultRPCAccessPolicy` */
  accessPolicy?: AccessPolicy | undefined;
  /** Answer `oslo_rpc_server_ping`. @default false */
  rpcPingEnabled?: boolean | undefined;
  /**
   * Answer `oslo_rpc_server_info` and `oslo_rpc_server_stats`: the methods of the server with their arguments and versions, and
   * counts, errors and durations of its requests. For all who may call the server, as the ping is. @default false
   */
  rpcDiscoveryEnabled?: boolean | undefined;
  /**
   * Answer a missing or unknown argument of an `@RpcMethod` with Python's `TypeError`, without running it, where all its
   * parameters are named (`@RpcArg('x')`). Also for one method: `@RpcMethod({ strictArguments })`. False: a missing argument
   * is `undefined`, and an unknown one is ignored. @default true
   */
  strictArguments?: boolean | undefined;
  /** Disable RPC: `createConnection()` returns a `VoidConnection`. @default false */
  rpcDisabled?: boolean | undefined;
  /** Maximum number of requests in work, for each server. @default 64 */
  concurrency?: number | undefined;
  /**
   * Delivery guarantee of requests. `at-most-once` acknowledges before the handler starts. `at-least-once` acknowledges
   * after the reply is confirmed, so that the request is redelivered when the server dies; it needs durable or quorum queues
   * and idempotent handlers. Also for one method: `@RpcMethod({ delivery })`. @default 'at-most-once'
   */
  delivery?: DeliveryMode | undefined;
  /**
   * Refuse a redelivered request that must run at most once. A request is redelivered when a connection or a broker is lost
   * together with an acknowledgement or a confirmation, so a server may have started it. Its caller gets a failure; a cast
   * is dropped. By default it runs again, as in Python. @default false
   */
  refuseRedelivered?: boolean | undefined;
  /**
   * Refuse calls with a `ServerOverloaded` while the server cannot keep up, so that it works for callers that still wait.
   * A call is refused when it has waited for so long that it cannot end in time, or waited long after a second of such calls.
   * @default false
   */
  loadShedding?: boolean | undefined;
  /** Time that a closing server waits for its handlers, and for replies whose queue is missing. @default 30 */
  drainTimeout?: Duration | undefined;
  /**
   * Reply to any queue that a request names, as Python does, instead of only to queues named `reply_…`. Senders of requests
   * can then have replies published to any queue. @default false
   */
  anyReplyQueue?: boolean | undefined;
  /** Limits of memory use. */
  limits?: LimitOptions | undefined;
  /** Drivers of notifications, by name or as objects. Each of several sends. @default 'messagingv2' */
  notificationDriver?:
    | NotificationDriver
    | NotifierDriver
    | readonly (NotificationDriver | NotifierDriver)[]
    | undefined;
  /** Topics of notifications. @default ['notifications'] */
  notificationTopics?: readonly string[] | undefined;
  /** Number of retries of connecting to send a notification: 0 for none, −1 for any number until the timeout. @default −1 */
  notificationRetry?: number | undefined;
  /** Rules of the driver `routing`, or the path of a YAML or JSON file with them, which is reloaded when it changes. */
  notificationRouting?: string | RoutingConfig | undefined;
  /**
   * Part of the request context in notifications: `safe` identifies the user but holds no token, `whole` is all of it.
   * @default 'safe'
   */
  notificationContext?: 'safe' | 'whole' | undefined;
  /**
   * Provider of the user name and password for the broker, instead of those in the transport URL. Called before each
   * connection attempt, and again before the password expires (`expiresIn`), which is then renewed without a new connection
   * (`connection.update-secret`).
   */
  credentials?: CredentialsProvider | undefined;
  /**
   * Name of the connections in the management interface of the broker, followed by `:publishing` or `:consuming`.
   * @default `nestjs-oslo-messaging:<host>:<process id>`
   */
  connectionName?: string | undefined;
  /** Name of the broker among several of one Nest application: see `forRoot`. @default none */
  name?: string | undefined;
  /**
   * Connect when the Nest module starts, instead of on first use. With `true` the start fails when the broker cannot be
   * reached within `rpcResponseTimeout`, or refuses the login. With `background` the application starts and stays unhealthy
   * until it is connected. @default false
   */
  connectOnStart?: boolean | 'background' | undefined;
  /**
   * Links of the chain that each call, cast and notification passes on its way out, the first one outermost: to add keys to
   * the request context, to log slow calls, to audit. @default none
   */
  clientInterceptors?: readonly RpcClientInterceptor[] | undefined;
  /**
   * Log a warning for each call, and for each handled request or notification, that takes at least this time. @default no such warnings
   */
  slowCallThreshold?: Duration | undefined;
  /** Traces and metrics: what `openTelemetry()` and `prometheus()` return. @default none */
  instrumentation?: readonly Instrumentation[] | undefined;
  /**
   * End the calls that a handler makes no later than the request that it handles, while somebody waits for its reply. Not for
   * casts, notifications, and requests that are delivered at least once. Also for one client or call: `prepare`. @default true
   */
  propagateDeadlines?: boolean | undefined;
  /** Logger of the library. @default warnings and errors to standard error; Nest's logger in Nest */
  logger?: LogSink | undefined;
  /** Options of the RabbitMQ driver. */
  rabbit?: RabbitOptions | undefined;
}

/** Rule of each option. */
export const OPTION_RULES: Record<keyof OsloMessagingOptions, Rule> = {
  configFiles: oneOrMore(text),
  configDirs: oneOrMore(text),
  transportUrl: text,
  notificationTransportUrl: text,
  host: text,
  topic: text,
  controlExchange: text,
  rpcResponseTimeout: span,
  rpcResponseMaxTimeout: span,
  timeoutRecovery: flag,
  allowedRemoteExmods: list,
  sendTracebacks: flag,
  serializer: serializerLike,
  accessPolicy: accessPolicyLike,
  rpcPingEnabled: flag,
  rpcDiscoveryEnabled: flag,
  strictArguments: flag,
  rpcDisabled: flag,
  concurrency: natural(1, 65535),
  delivery: member(...DELIVERY_MODES),
  refuseRedelivered: flag,
  loadShedding: flag,
  drainTimeout: span,
  anyReplyQueue: flag,
  limits: nested(LIMIT_RULES),
  notificationDriver: notificationDrivers,
  notificationTopics: list,
  notificationRetry: natural(-1),
  notificationRouting: (value, name) => (text(value, name) && object(value, name) ? 'a path, or an object' : undefined),
  notificationContext: member('safe', 'whole'),
  credentials: (value) => (typeof value === 'function' ? undefined : 'a function that returns { username, password }'),
  connectionName: text,
  name: text,
  connectOnStart: (value) =>
    value === 'background' || typeof value === 'boolean' ? undefined : 'true, false or background',
  clientInterceptors: interceptors,
  slowCallThreshold: span,
  instrumentation: instrumentations,
  propagateDeadlines: flag,
  logger: withMethods('a logger', ['debug', 'log', 'warn', 'error']),
  rabbit: nested(RABBIT_RULES),
};
