import { NOTIFICATION_DRIVERS } from '../core/notification-driver.js';
import { flag, list, member, natural, type Rule, text } from '../core/option-rules.js';
import { RABBIT_RULES, type RabbitOptions } from '../core/rabbit-options.js';
import { snakeCase } from '../core/snake-case.js';
import { IGNORED_OPTIONS, NO_FIPS_OPTION } from '../core/url-options.js';
import type { ConfigOption, OptionName } from './config-values.js';
import type { ValueType } from './value-types.js';

/** Option of a file that this library reads. */
export interface OsloOption extends ConfigOption {
  /** Path of the option that it sets, e.g. `rabbit.rabbitQuorumQueue`; undefined when it is only checked. */
  readonly path?: string;
  /** Rule of its value; of each value of a `multi` option. */
  readonly rule: Rule;
  /** True when an empty text means that the option is absent, as it does in oslo.messaging. */
  readonly mayBeEmpty?: boolean;
}

const DEFAULT = 'DEFAULT';
const RABBIT = 'oslo_messaging_rabbit';
const NOTIFICATIONS = 'oslo_messaging_notifications';

/** Groups that belong to this library, so that an unknown name in them is worth a warning. */
export const OWN_GROUPS: readonly string[] = [RABBIT, NOTIFICATIONS];

const topics: Rule = (value, name) => list(value, name) && 'names separated by commas, none of them empty';
const noFips: Rule = (value) => (value === false ? undefined : `false: ${NO_FIPS_OPTION}`);

/** Options of RPC and notifications. Former names are those of the oldest supported oslo.messaging, 14.0. */
const GENERAL: readonly OsloOption[] = [
  { path: 'transportUrl', names: [[DEFAULT, 'transport_url']], type: 'string', rule: text, isSecret: true },
  { path: 'controlExchange', names: [[DEFAULT, 'control_exchange']], type: 'string', rule: text },
  { path: 'host', names: [[DEFAULT, 'host']], type: 'string', rule: text },
  { path: 'rpcResponseTimeout', names: [[DEFAULT, 'rpc_response_timeout']], type: 'integer', rule: natural(1) },
  { path: 'rpcResponseMaxTimeout', names: [[DEFAULT, 'rpc_response_max_timeout']], type: 'integer', rule: natural(1) },
  { path: 'rpcPingEnabled', names: [[DEFAULT, 'rpc_ping_enabled']], type: 'boolean', rule: flag },
  {
    path: 'concurrency',
    names: [
      [DEFAULT, 'executor_thread_pool_size'],
      [DEFAULT, 'rpc_thread_pool_size'],
    ],
    type: 'integer',
    rule: natural(1, 65535),
  },
  {
    path: 'notificationTransportUrl',
    names: [
      [NOTIFICATIONS, 'transport_url'],
      [DEFAULT, 'notification_transport_url'],
    ],
    type: 'string',
    rule: text,
    isSecret: true,
    mayBeEmpty: true,
  },
  {
    path: 'notificationDriver',
    names: [
      [NOTIFICATIONS, 'driver'],
      [DEFAULT, 'notification_driver'],
    ],
    type: 'multi',
    rule: member(...NOTIFICATION_DRIVERS),
    mayBeEmpty: true,
  },
  {
    path: 'notificationTopics',
    names: [
      [NOTIFICATIONS, 'topics'],
      ['rpc_notifier2', 'topics'],
      [DEFAULT, 'notification_topics'],
    ],
    type: 'list',
    rule: topics,
  },
  { path: 'notificationRetry', names: [[NOTIFICATIONS, 'retry']], type: 'integer', rule: natural(-1) },
  {
    path: 'notificationRouting',
    names: [
      [NOTIFICATIONS, 'routing_config'],
      [DEFAULT, 'routing_notifier_config'],
    ],
    type: 'string',
    rule: text,
    mayBeEmpty: true,
  },
  { names: [[RABBIT, 'ssl_enforce_fips_mode']], type: 'boolean', rule: noFips },
];

/** Types of the driver's options. */
const RABBIT_TYPES: Readonly<Record<keyof RabbitOptions, ValueType>> = {
  profile: 'own',
  amqpDurableQueues: 'boolean',
  amqpAutoDelete: 'boolean',
  rabbitHaQueues: 'boolean',
  rabbitQuorumQueue: 'boolean',
  rabbitTransientQuorumQueue: 'boolean',
  rabbitQuorumDeliveryLimit: 'integer',
  rabbitQuorumMaxMemoryLength: 'integer',
  rabbitQuorumMaxMemoryBytes: 'integer',
  rabbitTransientQueuesTtl: 'integer',
  rabbitStreamFanout: 'boolean',
  useQueueManager: 'boolean',
  hostname: 'string',
  processname: 'string',
  topologyConflict: 'own',
  managementUrl: 'own',
  enableCancelOnFailover: 'boolean',
  kombuCompression: 'string',
  rabbitQosPrefetchCount: 'integer',
  kombuMissingConsumerRetryTimeout: 'integer',
  deadLetterExchange: 'own',
  rabbitRetryInterval: 'integer',
  rabbitRetryBackoff: 'integer',
  rabbitIntervalMax: 'integer',
  kombuReconnectDelay: 'float',
  kombuReconnectSplay: 'float',
  kombuFailoverStrategy: 'string',
  connectTimeout: 'own',
  heartbeatTimeoutThreshold: 'integer',
  topologyCheckInterval: 'own',
  rabbitLoginMethod: 'string',
  ssl: 'boolean',
  sslVersion: 'string',
  sslCaFile: 'string',
  sslCertFile: 'string',
  sslKeyFile: 'string',
  sslEnforceHostnameVerification: 'boolean',
};

/** Options of the driver whose empty text oslo.messaging takes for none. */
const MAY_BE_EMPTY: ReadonlySet<keyof RabbitOptions> = new Set([
  'kombuCompression',
  'sslVersion',
  'sslCaFile',
  'sslCertFile',
  'sslKeyFile',
]);

/** Further names of the driver's options in oslo.messaging 14.0. */
const FORMER_NAMES: { readonly [name in keyof RabbitOptions]?: readonly OptionName[] } = {
  amqpAutoDelete: [[DEFAULT, 'amqp_auto_delete']],
  rabbitHaQueues: [[DEFAULT, 'rabbit_ha_queues']],
  rabbitQuorumMaxMemoryLength: [[RABBIT, 'rabbit_quroum_max_memory_length']],
  rabbitQuorumMaxMemoryBytes: [[RABBIT, 'rabbit_quroum_max_memory_bytes']],
  kombuMissingConsumerRetryTimeout: [[RABBIT, 'kombu_reconnect_timeout']],
  rabbitRetryBackoff: [[DEFAULT, 'rabbit_retry_backoff']],
  kombuReconnectDelay: [[DEFAULT, 'kombu_reconnect_delay']],
  rabbitLoginMethod: [[DEFAULT, 'rabbit_login_method']],
  ssl: [[RABBIT, 'rabbit_use_ssl']],
  sslVersion: [[RABBIT, 'kombu_ssl_version']],
  sslCaFile: [[RABBIT, 'kombu_ssl_ca_certs']],
  sslCertFile: [[RABBIT, 'kombu_ssl_certfile']],
  sslKeyFile: [[RABBIT, 'kombu_ssl_keyfile']],
};

const DRIVER = (Object.keys(RABBIT_RULES) as (keyof RabbitOptions)[]).map(
  (name): OsloOption => ({
    path: `rabbit.${name}`,
    names: [[RABBIT, snakeCase(name)], ...(FORMER_NAMES[name] ?? [])],
    type: RABBIT_TYPES[name],
    rule: RABBIT_RULES[name],
    isSecret: name === 'managementUrl',
    mayBeEmpty: MAY_BE_EMPTY.has(name),
  }),
);

/** All options that are read. */
export const OSLO_OPTIONS: readonly OsloOption[] = [...GENERAL, ...DRIVER];

/** Spellings of older releases of oslo.messaging, which a file needs for these: no former names to warn about. */
export const OTHER_SPELLINGS: ReadonlySet<string> = new Set([
  'rabbit_quroum_max_memory_length',
  'rabbit_quroum_max_memory_bytes',
]);

const inGroup = (group: string, ...names: string[]) => names.map((name): OptionName => [group, name]);

/** Options of oslo.messaging that have no meaning or no counterpart here. */
export const WITHOUT_EFFECT: readonly OptionName[] = [
  ...inGroup(RABBIT, ...IGNORED_OPTIONS),
  ...inGroup(DEFAULT, 'rpc_conn_pool_size'),
  ...inGroup('oslo_messaging_metrics', 'metrics_enabled', 'metrics_buffer_size', 'metrics_socket_file'),
  ...inGroup('oslo_messaging_metrics', 'metrics_process_name', 'metrics_thread_stop_timeout'),
  ...inGroup('oslo_messaging_tracing', 'tracing_enabled', 'tracing_service_name', 'otel_exporter_otlp_endpoint'),
  ...inGroup('oslo_messaging_tracing', 'otlp_protocol', 'insecure'),
];
