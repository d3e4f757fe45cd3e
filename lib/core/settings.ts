import { hostname } from 'node:os';
import type { AccessPolicy } from './access-policy.js';
import type { CredentialsProvider } from './credentials.js';
import { MAX_TIMER_MS, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
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
import { redactUrl } from './transport-url.js';

/** Checked {@link OsloMessagingOptions} with defaults; durations in milliseconds. */
export interface Settings {
  readonly transportUrl: Secret<string>;
  readonly notificationTransportUrl: Secret<string>;
  /** True when neither an option nor the environment names a transport, so that `memory://` is the default. */
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
  readonly notificationDriver: readonly (NotificationDriver | NotifierDriver)[];
  readonly notificationTopics: readonly string[];
  readonly notificationRouting: string | RoutingConfig | undefined;
  readonly notificationContext: 'safe' | 'whole';
  readonly credentials: CredentialsProvider | undefined;
  readonly connectionName: string;
  readonly name: string | undefined;
  readonly connectOnStart: boolean | 'background';
  readonly logger: LogSink;
  /** Options as given, before the query of the transport URL overrides them. */
  readonly rabbitOptions: Secret<RabbitOptions>;
  readonly rabbit: RabbitSettings;
}

const secretUrl = (url: string) => new Secret(url, redactUrl(url));

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError for an unknown or ill-typed option, naming it, what was given and what is allowed
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
