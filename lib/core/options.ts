import { hostname } from 'node:os';
import { type Duration, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import { consoleLogger, type LogSink } from './logger.js';
import type { MessageLimits } from './message.js';
import {
  checkOptions,
  flag,
  list,
  member,
  natural,
  nested,
  object,
  oneOrMore,
  opaque,
  type Rule,
  span,
  text,
} from './option-rules.js';

/** How notifications can be sent: the names that `notificationDriver` takes. */
export const NOTIFICATION_DRIVERS = ['messaging', 'messagingv2', 'routing', 'log', 'test', 'noop'] as const;

/**
 * `messagingv2` publishes in the envelope, `messaging` bare (for old listeners), `log` writes to the logger, `routing`
 * chooses among the others by rules, `test` remembers, `noop` does nothing.
 */
export type NotificationDriver = (typeof NOTIFICATION_DRIVERS)[number];

/** Options of the RabbitMQ driver, under oslo's names (`[oslo_messaging_rabbit]`) in camel case. */
export interface RabbitOptions {
  /** Durable control exchange and queues. @default false */
  amqpDurableQueues?: boolean;
  /** Auto-delete control exchange and queues. @default false */
  amqpAutoDelete?: boolean;
  /** Quorum queues, with a durable exchange, for the shared and the server queues. @default false */
  rabbitQuorumQueue?: boolean;
  /** `x-delivery-limit` of quorum queues; 0 is none. @default 0 */
  rabbitQuorumDeliveryLimit?: number;
  /** How long an unused reply or fanout queue lives; 0 is for ever. @default 1800 */
  rabbitTransientQueuesTtl?: Duration;
  /** Unacknowledged messages for each consumer; 0 is the server's `concurrency`. @default 0 */
  rabbitQosPrefetchCount?: number;
  /** First wait before connecting again. @default 1 */
  rabbitRetryInterval?: Duration;
  /** Longest wait before connecting again (oslo: 30 s; shorter here, so that service is back soon). @default 3 */
  rabbitIntervalMax?: Duration;
  /** Time for one attempt to connect, handshake included. @default 5 */
  connectTimeout?: Duration;
  /** AMQP heartbeat; 0 is none. @default 60 */
  heartbeatTimeoutThreshold?: Duration;
  /** How long a reply waits for a reply queue that is gone. @default 60 */
  kombuMissingConsumerRetryTimeout?: Duration;
  /** SASL mechanism. @default 'AMQPLAIN' */
  rabbitLoginMethod?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  /** Connect by TLS; `amqps://` implies it. @default false */
  ssl?: boolean;
  /** PEM file of the certification authority. */
  sslCaFile?: string;
  /** PEM file of the client's certificate. */
  sslCertFile?: string;
  /** PEM file of the client's key. */
  sslKeyFile?: string;
}

/** What everything in this library is configured with. All optional; see the defaults of each. */
export interface OsloMessagingOptions {
  /** `rabbit://user:password@host:5672/vhost`, several hosts separated by commas, or `memory://`. @default environment TRANSPORT_URL, else 'memory://' */
  transportUrl?: string;
  /** Where notifications go. @default transportUrl */
  notificationTransportUrl?: string;
  /** Name of this server on its topics. @default the machine's host name */
  host?: string;
  /** Topic of endpoints that name none. */
  topic?: string;
  /** Exchange of targets that name none. @default 'tacker' */
  controlExchange?: string;
  /** How long a call waits for its reply. @default 60 */
  rpcResponseTimeout?: Duration;
  /** Ceiling of the back-off. @default ten times rpcResponseTimeout */
  rpcResponseMaxTimeout?: Duration;
  /** Python modules whose exceptions are rebuilt. @default [] */
  allowedRemoteExmods?: readonly string[];
  /** Serializer of entities and contexts (a `Serializer`). */
  serializer?: object;
  /** Access policy of plain endpoints (an `RPCAccessPolicyBase` or its class). */
  accessPolicy?: object;
  /** Answer `oslo_rpc_server_ping`. @default false */
  rpcPingEnabled?: boolean;
  /** `createConnection()` gives a `VoidConnection`. @default false */
  rpcDisabled?: boolean;
  /** Requests in work for each server. @default 64 */
  concurrency?: number;
  /** How long a closing server waits for its handlers. @default 30 */
  drainTimeout?: Duration;
  /** Sizes above which a message or a call is refused. */
  limits?: {
    /** @default 16 MiB */ bodyBytes?: number /** @default 100 */;
    depth?: number /** @default 100000 */;
    pendingCalls?: number /** @default 10000 */;
    duplicateWindow?: number /** Deliveries of a notification after which it is set aside. @default 20 */;
    deliveries?: number;
  };
  /** How notifications are sent: one driver, or several that all send. @default 'messagingv2' */
  notificationDriver?: NotificationDriver | readonly NotificationDriver[];
  /** @default ['notifications'] */
  notificationTopics?: readonly string[];
  /** Rules of the driver `routing` (a `RoutingConfig`), or the path of a YAML or JSON file with them, read again when it changes. */
  notificationRouting?: string | object;
  /** What of the request context goes with a notification: what tells who did it, without tokens, or all. @default 'safe' */
  notificationContext?: 'safe' | 'whole';
  /** Where log lines go. @default warnings and errors to standard error; Nest's logger in Nest */
  logger?: LogSink;
  /** Options of the RabbitMQ driver. */
  rabbit?: RabbitOptions;
}

/** {@link RabbitOptions}, complete; durations in milliseconds. */
export interface RabbitSettings {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly quorum: boolean;
  readonly deliveryLimit: number;
  readonly transientTtl: number;
  readonly prefetch: number;
  readonly retryInterval: number;
  readonly intervalMax: number;
  readonly connectTimeout: number;
  /** Seconds, as AMQP has it. */
  readonly heartbeat: number;
  readonly missingReplyQueueTimeout: number;
  readonly loginMethod: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly ssl: boolean;
  readonly sslCaFile: string | undefined;
  readonly sslCertFile: string | undefined;
  readonly sslKeyFile: string | undefined;
}

/** {@link OsloMessagingOptions}, checked and complete; durations in milliseconds. */
export interface Settings {
  readonly transportUrl: string;
  readonly notificationTransportUrl: string;
  /** Whether nobody chose a transport, so that `memory://` is only the default. */
  readonly transportIsDefault: boolean;
  readonly host: string;
  readonly topic: string | undefined;
  readonly controlExchange: string;
  readonly rpcResponseTimeout: number;
  readonly rpcResponseMaxTimeout: number;
  readonly allowedRemoteExmods: readonly string[];
  readonly serializer: object | undefined;
  readonly accessPolicy: object | undefined;
  readonly rpcPingEnabled: boolean;
  readonly rpcDisabled: boolean;
  readonly concurrency: number;
  readonly drainTimeout: number;
  readonly limits: MessageLimits & {
    readonly pendingCalls: number;
    readonly duplicateWindow: number;
    readonly deliveries: number;
  };
  readonly notificationDriver: readonly NotificationDriver[];
  readonly notificationTopics: readonly string[];
  readonly notificationRouting: string | object | undefined;
  readonly notificationContext: 'safe' | 'whole';
  readonly logger: LogSink;
  readonly rabbit: RabbitSettings;
}

const RABBIT_RULES: Record<keyof RabbitOptions, Rule> = {
  amqpDurableQueues: flag,
  amqpAutoDelete: flag,
  rabbitQuorumQueue: flag,
  rabbitQuorumDeliveryLimit: natural(0),
  rabbitTransientQueuesTtl: span,
  rabbitQosPrefetchCount: natural(0, 65535),
  rabbitRetryInterval: span,
  rabbitIntervalMax: span,
  connectTimeout: span,
  heartbeatTimeoutThreshold: span,
  kombuMissingConsumerRetryTimeout: span,
  rabbitLoginMethod: member('PLAIN', 'AMQPLAIN', 'EXTERNAL'),
  ssl: flag,
  sslCaFile: text,
  sslCertFile: text,
  sslKeyFile: text,
};

const RULES: Record<keyof OsloMessagingOptions, Rule> = {
  transportUrl: text,
  notificationTransportUrl: text,
  host: text,
  topic: text,
  controlExchange: text,
  rpcResponseTimeout: span,
  rpcResponseMaxTimeout: span,
  allowedRemoteExmods: list,
  serializer: object,
  accessPolicy: opaque,
  rpcPingEnabled: flag,
  rpcDisabled: flag,
  concurrency: natural(1, 65535),
  drainTimeout: span,
  limits: nested({
    bodyBytes: natural(1),
    depth: natural(1),
    pendingCalls: natural(1),
    duplicateWindow: natural(1),
    deliveries: natural(1),
  }),
  notificationDriver: oneOrMore(member(...NOTIFICATION_DRIVERS)),
  notificationTopics: list,
  notificationRouting: (value, name) => (text(value, name) && object(value, name) ? 'a path, or an object' : undefined),
  notificationContext: member('safe', 'whole'),
  logger: object,
  rabbit: nested(RABBIT_RULES),
};

/**
 * Checks the options and fills in what is missing.
 * @throws ConfigurationError for an unknown or ill-typed option, naming it, what was given and what is allowed
 */
export function normalizeOptions(options: OsloMessagingOptions = {}): Settings {
  checkOptions(options, RULES, '');
  const chosen = options.transportUrl ?? (process.env['TRANSPORT_URL'] || undefined);
  const transportUrl = chosen ?? 'memory://';
  const rpcResponseTimeout = toMilliseconds(options.rpcResponseTimeout ?? 60, 'rpcResponseTimeout');
  if (rpcResponseTimeout === 0) throw new ConfigurationError('rpcResponseTimeout: expected more than 0');
  const ceiling = options.rpcResponseMaxTimeout;
  return Object.freeze({
    transportUrl,
    notificationTransportUrl: options.notificationTransportUrl ?? transportUrl,
    transportIsDefault: chosen === undefined,
    host: options.host ?? hostname(),
    topic: options.topic,
    controlExchange: options.controlExchange ?? 'tacker',
    rpcResponseTimeout,
    rpcResponseMaxTimeout:
      ceiling === undefined ? rpcResponseTimeout * 10 : toMilliseconds(ceiling, 'rpcResponseMaxTimeout'),
    allowedRemoteExmods: [...(options.allowedRemoteExmods ?? [])],
    serializer: options.serializer,
    accessPolicy: options.accessPolicy,
    rpcPingEnabled: options.rpcPingEnabled ?? false,
    rpcDisabled: options.rpcDisabled ?? false,
    concurrency: options.concurrency ?? 64,
    drainTimeout: toMilliseconds(options.drainTimeout ?? 30, 'drainTimeout'),
    limits: {
      bodyBytes: options.limits?.bodyBytes ?? 16 * 2 ** 20,
      depth: options.limits?.depth ?? 100,
      pendingCalls: options.limits?.pendingCalls ?? 100_000,
      duplicateWindow: options.limits?.duplicateWindow ?? 10_000,
      deliveries: options.limits?.deliveries ?? 20,
    },
    notificationDriver: [options.notificationDriver ?? 'messagingv2'].flat(),
    notificationTopics: [...(options.notificationTopics ?? ['notifications'])],
    notificationRouting: options.notificationRouting,
    notificationContext: options.notificationContext ?? 'safe',
    logger: options.logger ?? consoleLogger,
    rabbit: rabbitSettings(options.rabbit ?? {}),
  });
}

function rabbitSettings(options: RabbitOptions): RabbitSettings {
  const quorum = options.rabbitQuorumQueue ?? false;
  return {
    durable: quorum || (options.amqpDurableQueues ?? false),
    autoDelete: options.amqpAutoDelete ?? false,
    quorum,
    deliveryLimit: options.rabbitQuorumDeliveryLimit ?? 0,
    transientTtl: toMilliseconds(options.rabbitTransientQueuesTtl ?? 1800),
    prefetch: options.rabbitQosPrefetchCount ?? 0,
    retryInterval: toMilliseconds(options.rabbitRetryInterval ?? 1),
    intervalMax: toMilliseconds(options.rabbitIntervalMax ?? 3),
    connectTimeout: toMilliseconds(options.connectTimeout ?? 5),
    heartbeat: Math.ceil(toMilliseconds(options.heartbeatTimeoutThreshold ?? 60) / 1000),
    missingReplyQueueTimeout: toMilliseconds(options.kombuMissingConsumerRetryTimeout ?? 60),
    loginMethod: options.rabbitLoginMethod ?? 'AMQPLAIN',
    ssl: options.ssl ?? false,
    sslCaFile: options.sslCaFile,
    sslCertFile: options.sslCertFile,
    sslKeyFile: options.sslKeyFile,
  };
}
