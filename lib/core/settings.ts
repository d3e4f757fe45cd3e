import { hostname } from 'node:os';
import type { AccessPolicy } from './access-policy.js';
import type { CredentialsProvider } from './credentials.js';
import { MAX_TIMER_MS, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import type { Instrumentation, RpcClientInterceptor } from './instrumentation.js';
import { LIMIT_RULES, type Limits, limitsOf } from './limits.js';
import { consoleLogger, guardedLogger, type LogSink } from './logger.js';
import type { NotificationDriver, NotifierDriver } from './notification-driver.js';
import { adviseOnDurations, checkOptions } from './option-rules.js';
import { type DeliveryMode, OPTION_RULES, type OsloMessagingOptions } from './options.js';
import { RABBIT_RULES, type RabbitOptions } from './rabbit-options.js';
import { type RabbitSettings, rabbitSettings } from './rabbit-settings.js';
import type { RoutingConfig } from './routing-config.js';
import { Secret } from './secrets.js';
import type { Serializer } from './serializer.js';
import { slowCalls } from './slow-calls.js';
import { redactUrl } from './transport-url.js';

/** Checked {@link OsloMessagingOptions} with defaults; durations in milliseconds. */
export interface Settings {
  /** Transport URL of RPC, with its password. */
  readonly transportUrl: Secret<string>;
  /** Transport URL of notifications, with its password. */
  readonly notificationTransportUrl: Secret<string>;
  /** True when neither an option nor the environment names a transport, so that `memory://` is the default. */
  readonly transportIsDefault: boolean;
  /** Name of this server on its topics. */
  readonly host: string;
  /** Topic of endpoints without one of their own. */
  readonly topic: string | undefined;
  /** Exchange of targets without one of their own. */
  readonly controlExchange: string;
  /** Time that a call waits for its reply, in milliseconds. */
  readonly rpcResponseTimeout: number;
  /** Maximum timeout of a client that backs off, in milliseconds. */
  readonly rpcResponseMaxTimeout: number;
  /** True to reduce grown timeouts when calls are fast again. */
  readonly timeoutRecovery: boolean;
  /** Python modules whose exceptions are rebuilt as registered classes. */
  readonly allowedRemoteExmods: readonly string[];
  /** True to send the stack of a handler's error to the caller. */
  readonly sendTracebacks: boolean;
  /** Serializer of arguments and results; undefined when entities are not converted. */
  readonly serializer: Serializer | undefined;
  /** Access policy of plain endpoints; undefined for the default policy. */
  readonly accessPolicy: AccessPolicy | undefined;
  /** True to answer `oslo_rpc_server_ping`. */
  readonly rpcPingEnabled: boolean;
  /** True to answer `oslo_rpc_server_info` and `oslo_rpc_server_stats`. */
  readonly rpcDiscoveryEnabled: boolean;
  /** True to refuse missing and unknown arguments of methods whose parameters are all named. */
  readonly strictArguments: boolean;
  /** True when `createConnection()` returns a `VoidConnection`. */
  readonly rpcDisabled: boolean;
  /** Maximum number of requests in work, for each server. */
  readonly concurrency: number;
  /** Delivery guarantee of requests. */
  readonly delivery: DeliveryMode;
  /** True to refuse a redelivered request that must run at most once. */
  readonly refuseRedelivered: boolean;
  /** True to refuse calls while the server is overloaded. */
  readonly loadShedding: boolean;
  /** Time that a closing server waits for its handlers, in milliseconds. */
  readonly drainTimeout: number;
  /** True to reply to any queue that a request names, instead of only to queues named `reply_…`. */
  readonly anyReplyQueue: boolean;
  /** Limits of memory use. */
  readonly limits: Limits;
  /** Drivers of notifications, by name or as objects. */
  readonly notificationDriver: readonly (NotificationDriver | NotifierDriver)[];
  /** Topics of notifications. */
  readonly notificationTopics: readonly string[];
  /** Number of retries of connecting to send a notification; undefined or −1 for any number until the timeout. */
  readonly notificationRetry: number | undefined;
  /** Rules of the driver `routing`, or the path of a file with them. */
  readonly notificationRouting: string | RoutingConfig | undefined;
  /** Part of the request context in notifications. */
  readonly notificationContext: 'safe' | 'whole';
  /** Provider of the user name and password; undefined for those in the transport URL. */
  readonly credentials: CredentialsProvider | undefined;
  /** Name of the connections at the broker, without their suffix. */
  readonly connectionName: string;
  /** Name of the broker among several of one Nest application. */
  readonly name: string | undefined;
  /** True or `background` to connect when the Nest module starts. */
  readonly connectOnStart: boolean | 'background';
  /** Links that each message passes on its way out. */
  readonly clientInterceptors: readonly RpcClientInterceptor[];
  /** Functions that watch messages, for traces and metrics. */
  readonly instrumentation: readonly Instrumentation[];
  /** True where nested calls end no later than the request that is being handled. */
  readonly propagateDeadlines: boolean;
  /** Logger of the library. It never throws. */
  readonly logger: LogSink;
  /** RabbitMQ options as given, before the query of the transport URL overrides them. */
  readonly rabbitOptions: Secret<RabbitOptions>;
  /** RabbitMQ options with their defaults. */
  readonly rabbit: RabbitSettings;
}

const secretUrl = (url: string) => new Secret(url, redactUrl(url));

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError for an unknown or invalid option, with its name, the given value and the allowed values
 */
export function normalizeOptions(options: OsloMessagingOptions = {}): Settings {
  checkOptions(options, OPTION_RULES, '');
  const chosen = options.transportUrl ?? (process.env['TRANSPORT_URL'] || undefined);
  const transportUrl = chosen ?? 'memory://';
  const rpcResponseTimeout = toMilliseconds(options.rpcResponseTimeout ?? 60, 'rpcResponseTimeout');
  const { host = hostname(), rpcResponseMaxTimeout: ceiling } = options;
  const logger = guardedLogger(options.logger ?? consoleLogger);
  const rpcResponseMaxTimeout =
    ceiling === undefined
      ? Math.min(rpcResponseTimeout * 10, MAX_TIMER_MS)
      : toMilliseconds(ceiling, 'rpcResponseMaxTimeout');
  if (rpcResponseTimeout === 0) throw new ConfigurationError('rpcResponseTimeout: expected more than 0');
  if (rpcResponseMaxTimeout === 0) throw new ConfigurationError('rpcResponseMaxTimeout: expected more than 0');
  adviseOnDurations(options, OPTION_RULES, '', logger);
  adviseOnDurations(options.limits, LIMIT_RULES, 'limits.', logger);
  adviseOnDurations(options.rabbit, RABBIT_RULES, 'rabbit.', logger);
  const rabbit = rabbitSettings(options.rabbit ?? {});
  if (options.credentials && rabbit.loginMethod === 'EXTERNAL')
    throw new ConfigurationError(
      'Options "credentials" and "rabbit.rabbitLoginMethod" EXTERNAL: only one of them; EXTERNAL logs in by the certificate of the client',
    );
  return Object.freeze({
    transportUrl: secretUrl(transportUrl),
    notificationTransportUrl: secretUrl(options.notificationTransportUrl ?? transportUrl),
    transportIsDefault: chosen === undefined,
    host,
    topic: options.topic,
    name: options.name,
    connectOnStart: options.connectOnStart ?? false,
    controlExchange: options.controlExchange ?? 'tacker',
    rpcResponseTimeout,
    rpcResponseMaxTimeout,
    timeoutRecovery: options.timeoutRecovery ?? false,
    allowedRemoteExmods: [...(options.allowedRemoteExmods ?? [])],
    sendTracebacks: options.sendTracebacks ?? true,
    serializer: options.serializer,
    accessPolicy: options.accessPolicy,
    rpcPingEnabled: options.rpcPingEnabled ?? false,
    rpcDiscoveryEnabled: options.rpcDiscoveryEnabled ?? false,
    strictArguments: options.strictArguments ?? true,
    rpcDisabled: options.rpcDisabled ?? false,
    concurrency: options.concurrency ?? 64,
    delivery: options.delivery ?? 'at-most-once',
    refuseRedelivered: options.refuseRedelivered ?? false,
    loadShedding: options.loadShedding ?? false,
    drainTimeout: toMilliseconds(options.drainTimeout ?? 30, 'drainTimeout'),
    anyReplyQueue: options.anyReplyQueue ?? false,
    limits: limitsOf(options.limits),
    notificationDriver: [options.notificationDriver ?? 'messagingv2'].flat(),
    notificationTopics: [...(options.notificationTopics ?? ['notifications'])],
    notificationRetry: options.notificationRetry,
    notificationRouting: options.notificationRouting,
    notificationContext: options.notificationContext ?? 'safe',
    credentials: options.credentials,
    connectionName: options.connectionName ?? `nestjs-oslo-messaging:${host}:${process.pid}`,
    clientInterceptors: [...(options.clientInterceptors ?? [])],
    instrumentation: [...(options.instrumentation ?? []), ...slowCalls(options.slowCallThreshold, logger)],
    propagateDeadlines: options.propagateDeadlines ?? true,
    logger,
    rabbitOptions: new Secret(options.rabbit ?? {}),
    rabbit,
  });
}
