import { hostname } from 'node:os';
import { type AccessPolicy, accessPolicyLike } from './access-policy.js';
import type { CredentialsProvider } from './credentials.js';
import { type Duration, LONGEST_TIMER, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import { LIMIT_RULES, type LimitOptions, type Limits, limitsOf } from './limits.js';
import { consoleLogger, guardedLogger, type LogSink } from './logger.js';
import {
  adviseOnDurations,
  checkOptions,
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
import { type RabbitSettings, rabbitSettings } from './rabbit-settings.js';
import type { RoutingConfig } from './routing-config.js';
import { Secret } from './secrets.js';
import { type Serializer, serializerLike } from './serializer.js';
import { redactUrl } from './transport-url.js';

export type { RabbitOptions } from './rabbit-options.js';
export type { RabbitSettings } from './rabbit-settings.js';

/** How notifications can be sent: the names that `notificationDriver` takes. */
export const NOTIFICATION_DRIVERS = ['messaging', 'messagingv2', 'routing', 'log', 'test', 'noop'] as const;

/**
 * `messagingv2` publishes in the envelope, `messaging` bare (for old listeners), `log` writes to the logger, `routing`
 * chooses among the others by rules, `test` remembers, `noop` does nothing.
 */
export type NotificationDriver = (typeof NOTIFICATION_DRIVERS)[number];

/** What a server promises of a request: to run it once at most, or at least. */
export const DELIVERY_MODES = ['at-most-once', 'at-least-once'] as const;
export type DeliveryMode = (typeof DELIVERY_MODES)[number];

/** What everything in this library is configured with. All optional; see the defaults of each. */
export interface OsloMessagingOptions {
  /** `rabbit://user:password@host:5672/vhost`, several hosts separated by commas, or `memory://`. @default environment TRANSPORT_URL, else 'memory://' */
  transportUrl?: string | undefined;
  /** Where notifications go. @default transportUrl */
  notificationTransportUrl?: string | undefined;
  /** Name of this server on its topics. @default the machine's host name */
  host?: string | undefined;
  /** Topic of endpoints that name none. */
  topic?: string | undefined;
  /** Exchange of targets that name none. @default 'tacker' */
  controlExchange?: string | undefined;
  /** How long a call waits for its reply. @default 60 */
  rpcResponseTimeout?: Duration | undefined;
  /** Ceiling of the back-off. @default ten times rpcResponseTimeout */
  rpcResponseMaxTimeout?: Duration | undefined;
  /** Python modules whose exceptions are rebuilt. @default [] */
  allowedRemoteExmods?: readonly string[] | undefined;
  /** Whether the stack of what a handler throws goes to its caller, as in Python. It names files and lines. @default true */
  sendTracebacks?: boolean | undefined;
  /**
   * Serializer of arguments and results, wrapped in a `RequestContextSerializer`; one that is such a serializer already is
   * used as it is. @default entities pass as they are
   */
  serializer?: Serializer | undefined;
  /** Access policy of plain endpoints. */
  accessPolicy?: AccessPolicy | undefined;
  /** Answer `oslo_rpc_server_ping`. @default false */
  rpcPingEnabled?: boolean | undefined;
  /** `createConnection()` gives a `VoidConnection`. @default false */
  rpcDisabled?: boolean | undefined;
  /** Requests in work for each server. @default 64 */
  concurrency?: number | undefined;
  /**
   * When a request is taken off its queue: before its handler starts, so that it never runs twice, or after its reply is
   * confirmed, so that it is delivered again when the server dies meanwhile. The latter needs durable or quorum queues and
   * handlers that may run twice. Also for one method: `@RpcMethod({ delivery })`. @default 'at-most-once'
   */
  delivery?: DeliveryMode | undefined;
  /**
   * Whether a request that is to run once at most is refused when it comes a second time, as it does when a connection or a
   * broker is lost together with an acknowledgement or a confirmation: a server may have begun it. Its caller gets a
   * failure, a cast is dropped. Without it another server runs it then, as in Python. @default false
   */
  refuseRedelivered?: boolean | undefined;
  /** How long a closing server waits for its handlers, and for replies whose queue is away. @default 30 */
  drainTimeout?: Duration | undefined;
  /**
   * Reply to whatever queue a request names, as Python does, instead of only to queues called `reply_…`. Whoever may send
   * requests can then have replies written into any queue. @default false
   */
  anyReplyQueue?: boolean | undefined;
  /** Bounds of what is kept in memory. */
  limits?: LimitOptions | undefined;
  /** How notifications are sent: one driver, or several that all send. @default 'messagingv2' */
  notificationDriver?: NotificationDriver | readonly NotificationDriver[] | undefined;
  /** @default ['notifications'] */
  notificationTopics?: readonly string[] | undefined;
  /** Rules of the driver `routing`, or the path of a YAML or JSON file with them, read again when it changes. */
  notificationRouting?: string | RoutingConfig | undefined;
  /** What of the request context goes with a notification: what tells who did it, without tokens, or all. @default 'safe' */
  notificationContext?: 'safe' | 'whole' | undefined;
  /**
   * User name and password for the broker, instead of those in the transport URL. Called before each attempt to connect,
   * and again before the password expires (`expiresIn`), which is then renewed without a new connection
   * (`connection.update-secret`).
   */
  credentials?: CredentialsProvider | undefined;
  /**
   * Name of the connections at the broker, as its management interface shows it; `:publishing` or `:consuming` is added.
   * @default `nestjs-oslo-messaging:<host>:<process id>`
   */
  connectionName?: string | undefined;
  /** Name of the broker among several of one Nest application: see `forRoot`. @default none */
  name?: string | undefined;
  /**
   * Connect when the Nest module starts, instead of on first use. `true` fails the start when the broker cannot be reached
   * within `rpcResponseTimeout`, or refuses the login; `background` lets the application start, and goes on trying: it
   * is not healthy until then. @default false
   */
  connectOnStart?: boolean | 'background' | undefined;
  /** Where log lines go. @default warnings and errors to standard error; Nest's logger in Nest */
  logger?: LogSink | undefined;
  /** Options of the RabbitMQ driver. */
  rabbit?: RabbitOptions | undefined;
}

/** {@link OsloMessagingOptions}, checked and complete; durations in milliseconds. */
export interface Settings {
  readonly transportUrl: Secret<string>;
  readonly notificationTransportUrl: Secret<string>;
  /** Whether nobody chose a transport, so that `memory://` is only the default. */
  readonly transportIsDefault: boolean;
  readonly host: string;
  readonly topic: string | undefined;
  readonly controlExchange: string;
  readonly rpcResponseTimeout: number;
  readonly rpcResponseMaxTimeout: number;
  readonly allowedRemoteExmods: readonly string[];
  readonly sendTracebacks: boolean;
  readonly serializer: Serializer | undefined;
  readonly accessPolicy: AccessPolicy | undefined;
  readonly rpcPingEnabled: boolean;
  readonly rpcDisabled: boolean;
  readonly concurrency: number;
  readonly delivery: DeliveryMode;
  readonly refuseRedelivered: boolean;
  readonly drainTimeout: number;
  readonly anyReplyQueue: boolean;
  readonly limits: Limits;
  readonly notificationDriver: readonly NotificationDriver[];
  readonly notificationTopics: readonly string[];
  readonly notificationRouting: string | RoutingConfig | undefined;
  readonly notificationContext: 'safe' | 'whole';
  readonly credentials: CredentialsProvider | undefined;
  readonly connectionName: string;
  readonly name: string | undefined;
  readonly connectOnStart: boolean | 'background';
  readonly logger: LogSink;
  /** As given; the query of a transport URL is read over them. */
  readonly rabbitOptions: Secret<RabbitOptions>;
  readonly rabbit: RabbitSettings;
}

const RULES: Record<keyof OsloMessagingOptions, Rule> = {
  transportUrl: text,
  notificationTransportUrl: text,
  host: text,
  topic: text,
  controlExchange: text,
  rpcResponseTimeout: span,
  rpcResponseMaxTimeout: span,
  allowedRemoteExmods: list,
  sendTracebacks: flag,
  serializer: serializerLike,
  accessPolicy: accessPolicyLike,
  rpcPingEnabled: flag,
  rpcDisabled: flag,
  concurrency: natural(1, 65535),
  delivery: member(...DELIVERY_MODES),
  refuseRedelivered: flag,
  drainTimeout: span,
  anyReplyQueue: flag,
  limits: nested(LIMIT_RULES),
  notificationDriver: oneOrMore(member(...NOTIFICATION_DRIVERS)),
  notificationTopics: list,
  notificationRouting: (value, name) => (text(value, name) && object(value, name) ? 'a path, or an object' : undefined),
  notificationContext: member('safe', 'whole'),
  credentials: (value) => (typeof value === 'function' ? undefined : 'a function that returns { username, password }'),
  connectionName: text,
  name: text,
  connectOnStart: (value) =>
    value === 'background' || typeof value === 'boolean' ? undefined : 'true, false or background',
  logger: withMethods('a logger', ['debug', 'log', 'warn', 'error']),
  rabbit: nested(RABBIT_RULES),
};

const concealed = (url: string) => new Secret(url, redactUrl(url));

/**
 * Checks the options and fills in what is missing.
 * @throws ConfigurationError for an unknown or ill-typed option, naming it, what was given and what is allowed
 */
export function normalizeOptions(options: OsloMessagingOptions = {}): Settings {
  checkOptions(options, RULES, '');
  const chosen = options.transportUrl ?? (process.env['TRANSPORT_URL'] || undefined);
  const transportUrl = chosen ?? 'memory://';
  const rpcResponseTimeout = toMilliseconds(options.rpcResponseTimeout ?? 60, 'rpcResponseTimeout');
  const { host = hostname(), rpcResponseMaxTimeout: ceiling } = options;
  const logger = guardedLogger(options.logger ?? consoleLogger);
  const rpcResponseMaxTimeout =
    ceiling === undefined
      ? Math.min(rpcResponseTimeout * 10, LONGEST_TIMER)
      : toMilliseconds(ceiling, 'rpcResponseMaxTimeout');
  if (rpcResponseTimeout === 0) throw new ConfigurationError('rpcResponseTimeout: expected more than 0');
  if (rpcResponseMaxTimeout === 0) throw new ConfigurationError('rpcResponseMaxTimeout: expected more than 0');
  adviseOnDurations(options, RULES, '', logger);
  adviseOnDurations(options.limits, LIMIT_RULES, 'limits.', logger);
  adviseOnDurations(options.rabbit, RABBIT_RULES, 'rabbit.', logger);
  const rabbit = rabbitSettings(options.rabbit ?? {});
  if (options.credentials && rabbit.loginMethod === 'EXTERNAL')
    throw new ConfigurationError(
      'Options "credentials" and "rabbit.rabbitLoginMethod" EXTERNAL: only one of them; EXTERNAL logs in by the certificate of the client',
    );
  return Object.freeze({
    transportUrl: concealed(transportUrl),
    notificationTransportUrl: concealed(options.notificationTransportUrl ?? transportUrl),
    transportIsDefault: chosen === undefined,
    host,
    topic: options.topic,
    name: options.name,
    connectOnStart: options.connectOnStart ?? false,
    controlExchange: options.controlExchange ?? 'tacker',
    rpcResponseTimeout,
    rpcResponseMaxTimeout,
    allowedRemoteExmods: [...(options.allowedRemoteExmods ?? [])],
    sendTracebacks: options.sendTracebacks ?? true,
    serializer: options.serializer,
    accessPolicy: options.accessPolicy,
    rpcPingEnabled: options.rpcPingEnabled ?? false,
    rpcDisabled: options.rpcDisabled ?? false,
    concurrency: options.concurrency ?? 64,
    delivery: options.delivery ?? 'at-most-once',
    refuseRedelivered: options.refuseRedelivered ?? false,
    drainTimeout: toMilliseconds(options.drainTimeout ?? 30, 'drainTimeout'),
    anyReplyQueue: options.anyReplyQueue ?? false,
    limits: limitsOf(options.limits),
    notificationDriver: [options.notificationDriver ?? 'messagingv2'].flat(),
    notificationTopics: [...(options.notificationTopics ?? ['notifications'])],
    notificationRouting: options.notificationRouting,
    notificationContext: options.notificationContext ?? 'safe',
    credentials: options.credentials,
    connectionName: options.connectionName ?? `nestjs-oslo-messaging:${host}:${process.pid}`,
    logger,
    rabbitOptions: new Secret(options.rabbit ?? {}),
    rabbit,
  });
}
