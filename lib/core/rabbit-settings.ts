import { hostname } from 'node:os';
import { basename } from 'node:path';
import { type Duration, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import type { RabbitOptions, RabbitProfile } from './rabbit-options.js';
import { Secret } from './secrets.js';

/** {@link RabbitOptions}, complete; durations in milliseconds. */
export interface RabbitSettings {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly mirrored: boolean;
  readonly quorum: boolean;
  readonly transientQuorum: boolean;
  /** Of quorum queues; 0 is none. */
  readonly deliveryLimit: number;
  /** All limits of quorum queues, as arguments of their declaration. */
  readonly quorumArguments: Readonly<Record<string, number>>;
  readonly transientTtl: number;
  readonly streamFanout: boolean;
  /** `<hostname>:<processname>`, where names of queues are made of them. */
  readonly queueManager: string | undefined;
  readonly adoptConflicts: boolean;
  readonly managementUrl: Secret<string> | undefined;
  readonly cancelOnFailover: boolean;
  readonly compress: boolean;
  readonly prefetch: number;
  readonly missingReplyQueueTimeout: number;
  readonly deadLetterExchange: string | undefined;
  readonly retryInterval: number;
  readonly retryBackoff: number;
  readonly intervalMax: number;
  readonly reconnectDelay: number;
  readonly reconnectSplay: number;
  readonly failoverStrategy: 'round-robin' | 'shuffle';
  readonly connectTimeout: number;
  /** Seconds, as AMQP has it. */
  readonly heartbeat: number;
  readonly topologyCheckInterval: number;
  readonly loginMethod: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly ssl: boolean;
  /** As Node.js names it, e.g. `TLSv1.2`. */
  readonly sslVersion: string | undefined;
  readonly sslCaFile: string | undefined;
  readonly sslCertFile: string | undefined;
  readonly sslKeyFile: string | undefined;
  readonly sslVerifyHostname: boolean;
}

/**
 * RabbitMQ 4.3 denies transient queues that are not exclusive, and so are oslo's by default. These are the options that
 * a Python service has for doing without them, so that both sides can be set alike.
 */
const PROFILES: Readonly<Record<RabbitProfile, RabbitOptions>> = {
  'rabbitmq-4': { amqpDurableQueues: true, rabbitQuorumQueue: true, rabbitTransientQuorumQueue: true },
};

/**
 * Fills in what is missing: from the profile, else the defaults.
 * @throws ConfigurationError for options that contradict each other
 */
export function rabbitSettings(given: RabbitOptions): RabbitSettings {
  const options = withProfile(given);
  refuseContradictions(options);
  const milliseconds = (value: Duration | undefined, fallback: number) => toMilliseconds(value ?? fallback);
  const quorum = options.rabbitQuorumQueue ?? false;
  const version = options.sslVersion?.toUpperCase() ?? 'SSLV23';
  return {
    durable: quorum || (options.amqpDurableQueues ?? false),
    autoDelete: options.amqpAutoDelete ?? false,
    mirrored: options.rabbitHaQueues ?? false,
    quorum,
    transientQuorum: options.rabbitTransientQuorumQueue ?? false,
    deliveryLimit: options.rabbitQuorumDeliveryLimit ?? 0,
    quorumArguments: quorumArguments(options),
    // The broker's to wait for.
    transientTtl: Math.ceil(toMilliseconds(options.rabbitTransientQueuesTtl ?? 1800, '', Number.POSITIVE_INFINITY)),
    streamFanout: options.rabbitStreamFanout ?? false,
    queueManager: options.useQueueManager ? queueManager(options) : undefined,
    adoptConflicts: options.topologyConflict !== 'fail',
    managementUrl: options.managementUrl === undefined ? undefined : new Secret(options.managementUrl),
    cancelOnFailover: options.enableCancelOnFailover ?? false,
    compress: options.kombuCompression !== undefined,
    prefetch: options.rabbitQosPrefetchCount ?? 0,
    missingReplyQueueTimeout: milliseconds(options.kombuMissingConsumerRetryTimeout, 60),
    deadLetterExchange: options.deadLetterExchange,
    retryInterval: milliseconds(options.rabbitRetryInterval, 1),
    retryBackoff: milliseconds(options.rabbitRetryBackoff, 2),
    intervalMax: milliseconds(options.rabbitIntervalMax, 3),
    reconnectDelay: milliseconds(options.kombuReconnectDelay, 0.2),
    reconnectSplay: milliseconds(options.kombuReconnectSplay, 0),
    failoverStrategy: options.kombuFailoverStrategy ?? 'round-robin',
    connectTimeout: milliseconds(options.connectTimeout, 5),
    heartbeat: Math.ceil(milliseconds(options.heartbeatTimeoutThreshold, 60) / 1000),
    topologyCheckInterval: milliseconds(options.topologyCheckInterval, 30),
    loginMethod: options.rabbitLoginMethod ?? 'AMQPLAIN',
    ssl: options.ssl ?? false,
    sslVersion: version === 'SSLV23' ? undefined : version.replace('TLSV', 'TLSv').replace('_', '.'),
    sslCaFile: options.sslCaFile,
    sslCertFile: options.sslCertFile,
    sslKeyFile: options.sslKeyFile,
    sslVerifyHostname: options.sslEnforceHostnameVerification ?? true,
  };
}

function withProfile(given: RabbitOptions): RabbitOptions {
  // An option that is undefined counts as absent, so it must not hide the profile's.
  const explicit = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(given.profile && PROFILES[given.profile]), ...explicit };
}

function refuseContradictions(options: RabbitOptions): void {
  const quorum = (['rabbitQuorumQueue', 'rabbitTransientQuorumQueue'] as const).find((name) => options[name]);
  const because = options.profile ? ` (profile ${options.profile})` : '';
  if (options.amqpAutoDelete && options.rabbitQuorumQueue) {
    throw new ConfigurationError(
      `Options "rabbit.amqpAutoDelete" and "rabbit.rabbitQuorumQueue"${because}: only one of them; RabbitMQ refuses quorum queues that delete themselves`,
    );
  }
  if (options.rabbitHaQueues && quorum) {
    throw new ConfigurationError(
      `Options "rabbit.rabbitHaQueues" and "rabbit.${quorum}"${because}: only one of them; a queue is mirrored or a quorum queue`,
    );
  }
  if (options.sslKeyFile !== undefined && options.sslCertFile === undefined) {
    throw new ConfigurationError(
      'Option "rabbit.sslKeyFile": it needs "rabbit.sslCertFile", the certificate of the key',
    );
  }
}

function quorumArguments(options: RabbitOptions): Record<string, number> {
  const limits = {
    'x-delivery-limit': options.rabbitQuorumDeliveryLimit ?? 0,
    'x-max-in-memory-length': options.rabbitQuorumMaxMemoryLength ?? 0,
    'x-max-in-memory-bytes': options.rabbitQuorumMaxMemoryBytes ?? 0,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit > 0));
}

function queueManager(options: RabbitOptions): string {
  const safe = (text: string) => text.replace(/[^\w.@-]/g, '-').slice(0, 100);
  return `${options.hostname ?? safe(hostname())}:${options.processname ?? safe(basename(process.argv[1] ?? 'node'))}`;
}
