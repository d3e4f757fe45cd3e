import { hostname } from 'node:os';
import { basename } from 'node:path';
import { type Duration, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import type { RabbitOptions, RabbitProfile } from './rabbit-options.js';
import { Secret } from './secrets.js';

/** Complete {@link RabbitOptions}; durations in milliseconds, except for the heartbeat. */
export interface RabbitSettings {
  /** True for durable exchanges and shared queues. */
  readonly durable: boolean;
  /** True for auto-delete exchanges and shared queues. */
  readonly autoDelete: boolean;
  /** True for mirrored queues of old brokers. */
  readonly mirrored: boolean;
  /** True when shared queues are quorum queues. */
  readonly quorum: boolean;
  /** True when reply and fanout queues are quorum queues. */
  readonly transientQuorum: boolean;
  /**
   * True when reply and fanout queues are private to a process and need no majority: a reply queue is exclusive, a fanout
   * queue is durable and classic.
   */
  readonly privateQueues: boolean;
  /** `x-delivery-limit` of quorum queues; 0 for none. */
  readonly deliveryLimit: number;
  /** Limits of quorum queues, as arguments of their declaration. */
  readonly quorumArguments: Readonly<Record<string, number>>;
  /** Time after which an unused reply or fanout queue is deleted, in milliseconds; 0 for never. */
  readonly transientTtl: number;
  /** True for one stream per topic instead of a fanout queue per server. */
  readonly streamFanout: boolean;
  /** `<hostname>:<processname>` for the names of queues; undefined for random names. */
  readonly queueManager: string | undefined;
  /**
   * Settings for a broker that denies transient queues; undefined where there are none anyway, and where a profile or
   * another option forbids them.
   */
  readonly withoutTransientQueues: RabbitSettings | undefined;
  /** Option that asks for transient queues on every broker; undefined where none does. */
  readonly transientBy: TransientOption | undefined;
  /** True to use an existing exchange or queue that was declared differently. */
  readonly adoptConflicts: boolean;
  /** URL of the management API, with its password. */
  readonly managementUrl: Secret<string> | undefined;
  /** True to have consumers cancelled when a mirrored queue fails over. */
  readonly cancelOnFailover: boolean;
  /** True to compress bodies. */
  readonly compress: boolean;
  /** Maximum number of unacknowledged messages per consumer; 0 for the server's `concurrency`. */
  readonly prefetch: number;
  /** Maximum time that a reply waits for a missing reply queue, in milliseconds. */
  readonly missingReplyQueueTimeout: number;
  /** Topic exchange of dead letters; undefined to publish them to their queue by its name. */
  readonly deadLetterExchange: string | undefined;
  /** Delay before the first reconnection attempt, in milliseconds. */
  readonly retryInterval: number;
  /** Growth of that delay with each further attempt, in milliseconds. */
  readonly retryBackoff: number;
  /** Maximum delay before a reconnection attempt, in milliseconds. */
  readonly intervalMax: number;
  /** Delay before a lost or cancelled consumer is attached again, in milliseconds. */
  readonly reconnectDelay: number;
  /** Maximum random addition to that delay, in milliseconds. */
  readonly reconnectSplay: number;
  /** Order in which the hosts are tried. */
  readonly failoverStrategy: 'round-robin' | 'shuffle';
  /** Time for one connection attempt, in milliseconds. */
  readonly connectTimeout: number;
  /** AMQP heartbeat, in seconds; 0 for none. */
  readonly heartbeat: number;
  /** Time in which each consumed queue is checked once, in milliseconds; 0 for never. */
  readonly topologyCheckInterval: number;
  /** SASL mechanism. */
  readonly loginMethod: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  /** True to connect by TLS. */
  readonly ssl: boolean;
  /** TLS version as Node.js names it, e.g. `TLSv1.2`; undefined for the newest that both sides support. */
  readonly sslVersion: string | undefined;
  /** Path of the PEM file of the certification authorities. */
  readonly sslCaFile: string | undefined;
  /** Path of the PEM file of the client's certificate. */
  readonly sslCertFile: string | undefined;
  /** Path of the PEM file of the client's key. */
  readonly sslKeyFile: string | undefined;
  /** True to check that the certificate is for the host. */
  readonly sslVerifyHostname: boolean;
}

/** Option by which a user insists on transient queues. */
export type TransientOption = 'profile' | 'amqpAutoDelete' | 'amqpDurableQueues' | 'rabbitTransientQuorumQueue';

/**
 * Options of each profile. RabbitMQ 4.3 denies transient queues that are not exclusive, which are oslo's defaults.
 * A Python service can be set alike with the same options.
 */
const PROFILES: Readonly<Record<RabbitProfile, RabbitOptions>> = {
  classic: {},
  'rabbitmq-4': { amqpDurableQueues: true, rabbitQuorumQueue: true, rabbitTransientQuorumQueue: true },
};

/**
 * Returns the options, completed from the profile and the defaults.
 * @throws ConfigurationError for options that contradict each other
 */
export function rabbitSettings(given: RabbitOptions): RabbitSettings {
  const options = withProfile(given);
  const contradiction = contradictionIn(options);
  if (contradiction) throw new ConfigurationError(contradiction);
  const milliseconds = (value: Duration | undefined, fallback: number) => toMilliseconds(value ?? fallback);
  const quorum = options.rabbitQuorumQueue ?? false;
  const durable = quorum || (options.amqpDurableQueues ?? false);
  const transientQuorum = options.rabbitTransientQuorumQueue ?? false;
  const avoidsTransientQueues = durable && transientQuorum;
  const version = options.sslVersion?.toUpperCase() ?? 'SSLV23';
  return {
    durable,
    autoDelete: options.amqpAutoDelete ?? false,
    mirrored: options.rabbitHaQueues ?? false,
    quorum,
    transientQuorum,
    privateQueues: given.profile === 'rabbitmq-4' && given.rabbitTransientQuorumQueue === undefined,
    deliveryLimit: options.rabbitQuorumDeliveryLimit ?? 0,
    quorumArguments: quorumArguments(options),
    // The broker waits for it, so the maximum of Node's timers does not apply.
    transientTtl: Math.ceil(toMilliseconds(options.rabbitTransientQueuesTtl ?? 1800, '', Number.POSITIVE_INFINITY)),
    streamFanout: options.rabbitStreamFanout ?? false,
    queueManager: options.useQueueManager ? queueManager(options) : undefined,
    withoutTransientQueues:
      given.profile === undefined && !avoidsTransientQueues ? withoutTransientQueues(given) : undefined,
    transientBy: avoidsTransientQueues ? undefined : transientBy(options),
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
  // An undefined option counts as absent, so it must not replace that of the profile.
  const explicit = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(given.profile && PROFILES[given.profile]), ...explicit };
}

/** Returns the settings without mirrored queues, which brokers that deny transient queues do not have, either. */
function withoutTransientQueues(given: RabbitOptions): RabbitSettings | undefined {
  const { rabbitHaQueues: _, ...others } = given;
  const options: RabbitOptions = { ...others, profile: 'rabbitmq-4' };
  return contradictionIn(withProfile(options)) === undefined ? rabbitSettings(options) : undefined;
}

function transientBy(options: RabbitOptions): TransientOption | undefined {
  if (options.profile === 'classic') return 'profile';
  if (options.amqpAutoDelete) return 'amqpAutoDelete';
  const switches = ['amqpDurableQueues', 'rabbitTransientQuorumQueue'] as const;
  return switches.find((name) => options[name] === false);
}

/** Returns the error text for options that contradict each other. */
function contradictionIn(options: RabbitOptions): string | undefined {
  const quorum = (['rabbitQuorumQueue', 'rabbitTransientQuorumQueue'] as const).find((name) => options[name]);
  const because = options.profile ? ` (profile ${options.profile})` : '';
  if (options.amqpAutoDelete && options.rabbitQuorumQueue) {
    return `Options "rabbit.amqpAutoDelete" and "rabbit.rabbitQuorumQueue"${because}: only one of them; RabbitMQ refuses quorum queues that delete themselves`;
  }
  if (options.rabbitHaQueues && quorum) {
    return `Options "rabbit.rabbitHaQueues" and "rabbit.${quorum}"${because}: only one of them; a queue is mirrored or a quorum queue`;
  }
  if (options.sslKeyFile !== undefined && options.sslCertFile === undefined) {
    return 'Option "rabbit.sslKeyFile": it needs "rabbit.sslCertFile", the certificate of the key';
  }
  return undefined;
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
