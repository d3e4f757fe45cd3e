import type { Duration } from './duration.js';
import {
  flag,
  httpUrl,
  member,
  memberInAnyCase,
  natural,
  type Rule,
  span,
  spanBetween,
  text,
  word,
} from './option-rules.js';

/** Options of the RabbitMQ driver, under oslo's names (`[oslo_messaging_rabbit]`) in camel case. */
export interface RabbitOptions {
  /**
   * Name of a set of these options. Options given beside it have priority. `rabbitmq-4`: durable, with quorum queues.
   * `classic`: the defaults below, whatever the broker. @default the defaults below, or those of `rabbitmq-4` on a broker
   * that denies transient queues
   */
  profile?: RabbitProfile | undefined;

  /** Durable control exchange and shared queues. @default false */
  amqpDurableQueues?: boolean | undefined;
  /** Auto-delete control exchange and shared queues. RabbitMQ refuses it for quorum queues. @default false */
  amqpAutoDelete?: boolean | undefined;
  /** Mirrored queues of old brokers (`x-ha-policy: all`). Not with quorum queues. @default false */
  rabbitHaQueues?: boolean | undefined;
  /** Quorum queues, with a durable exchange, for the topic's and the server's queue. @default false */
  rabbitQuorumQueue?: boolean | undefined;
  /** Quorum queues, with a durable fanout exchange, for the reply and the fanout queue. @default false */
  rabbitTransientQuorumQueue?: boolean | undefined;
  /** `x-delivery-limit` of quorum queues; 0 for none. @default 0 */
  rabbitQuorumDeliveryLimit?: number | undefined;
  /** `x-max-in-memory-length` of quorum queues, in messages; 0 for none. @default 0 */
  rabbitQuorumMaxMemoryLength?: number | undefined;
  /** `x-max-in-memory-bytes` of quorum queues; 0 for none. @default 0 */
  rabbitQuorumMaxMemoryBytes?: number | undefined;
  /** Lifetime of an unused reply or fanout queue, and of a message in a fanout stream; 0 for ever. @default 1800 */
  rabbitTransientQueuesTtl?: Duration | undefined;
  /** One stream for each topic instead of a fanout queue for each server. @default false */
  rabbitStreamFanout?: boolean | undefined;
  /**
   * Name reply and fanout queues `…<hostname>:<processname>:<n>` instead of at random, and keep them when the process
   * ends. @default false
   */
  useQueueManager?: boolean | undefined;
  /** Host in these names. @default the machine's host name */
  hostname?: string | undefined;
  /** Process in these names. @default the file name of the program */
  processname?: string | undefined;
  /**
   * Reaction to an existing exchange or queue that was declared differently: `adopt` uses it and logs a warning, `fail`
   * fails. One that cannot be used, such as an exchange of another type, always fails. @default 'adopt'
   */
  topologyConflict?: 'adopt' | 'fail' | undefined;
  /**
   * URL of RabbitMQ's management API, e.g. `http://mq1:15672`. Errors about a conflict then show the existing declaration.
   * Its credentials default to those of the transport URL, and are never shown. @default none
   */
  managementUrl?: string | undefined;
  /** Have old brokers cancel the consumers of a mirrored queue that fails over. @default false */
  enableCancelOnFailover?: boolean | undefined;

  /** Compression of sent bodies, as kombu does it. Compressed bodies are always read. @default none */
  kombuCompression?: 'gzip' | 'zlib' | undefined;
  /**
   * Maximum number of unacknowledged messages per consumer of a server; 0 for the server's `concurrency`. @default 0
   */
  rabbitQosPrefetchCount?: number | undefined;
  /** Maximum time that a reply waits for a missing reply queue. @default 60 */
  kombuMissingConsumerRetryTimeout?: Duration | undefined;
  /**
   * Topic exchange of dead letters. Their routing key is the name of their original queue. `<queue>.dead` is always bound
   * to it. @default none: they are published to `<queue>.dead` directly
   */
  deadLetterExchange?: string | undefined;

  /** Delay before the first reconnection attempt. @default 1 */
  rabbitRetryInterval?: Duration | undefined;
  /** Growth of that delay with each further attempt. @default 2 */
  rabbitRetryBackoff?: Duration | undefined;
  /** Maximum delay before a reconnection attempt. 30 s in oslo; shorter here, for a quick recovery. @default 3 */
  rabbitIntervalMax?: Duration | undefined;
  /** Delay before a lost or cancelled consumer is attached again. 1 s in oslo. @default 0.2 */
  kombuReconnectDelay?: Duration | undefined;
  /**
   * Maximum random addition to that delay, and maximum random delay before a lost connection is made again, which is at
   * least 0.25 s. @default 0
   */
  kombuReconnectSplay?: Duration | undefined;
  /**
   * Order in which the hosts are tried: shuffled once (`round-robin`), or again for each round (`shuffle`). @default
   * 'round-robin'
   */
  kombuFailoverStrategy?: 'round-robin' | 'shuffle' | undefined;
  /**
   * Time for one connection attempt, including the handshake. Doubled, up to four times as long, while the last host of a
   * round answers but does not finish the login in time. @default 5
   */
  connectTimeout?: Duration | undefined;
  /** AMQP heartbeat; 0 for none. @default 60 */
  heartbeatTimeoutThreshold?: Duration | undefined;
  /**
   * Time in which each consumed queue, its exchange and its binding are checked once. Missing ones are declared again;
   * 0 for no checks. @default 30
   */
  topologyCheckInterval?: Duration | undefined;
  /** SASL mechanism. @default 'AMQPLAIN' */
  rabbitLoginMethod?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL' | undefined;

  /** Connect by TLS; the schemes `amqps` and `rabbits` imply it. @default false */
  ssl?: boolean | undefined;
  /** Only TLS version to use; `SSLv23` for the newest that both sides support. @default 'SSLv23' */
  sslVersion?: 'SSLv23' | 'TLSv1' | 'TLSv1_1' | 'TLSv1_2' | 'TLSv1_3' | undefined;
  /** Path of the PEM file of the certification authorities. @default those that Node.js trusts */
  sslCaFile?: string | undefined;
  /** Path of the PEM file of the client's certificate. @default none */
  sslCertFile?: string | undefined;
  /** Path of the PEM file of the client's key. @default sslCertFile */
  sslKeyFile?: string | undefined;
  /** Check that the certificate is for the host. The chain is always checked. @default true */
  sslEnforceHostnameVerification?: boolean | undefined;
}

/** Name of a set of RabbitMQ options, see {@link RabbitOptions.profile}. */
export type RabbitProfile = 'classic' | 'rabbitmq-4';

/** Maximum that RabbitMQ accepts as `x-expires`: ten years. */
const MAX_EXPIRY = '87600h';

/** Rule of each option. */
export const RABBIT_RULES: Readonly<Record<keyof RabbitOptions, Rule>> = {
  profile: member('classic', 'rabbitmq-4'),
  amqpDurableQueues: flag,
  amqpAutoDelete: flag,
  rabbitHaQueues: flag,
  rabbitQuorumQueue: flag,
  rabbitTransientQuorumQueue: flag,
  rabbitQuorumDeliveryLimit: natural(0, 2 ** 31 - 1),
  rabbitQuorumMaxMemoryLength: natural(0),
  rabbitQuorumMaxMemoryBytes: natural(0),
  rabbitTransientQueuesTtl: spanBetween(0, MAX_EXPIRY),
  rabbitStreamFanout: flag,
  useQueueManager: flag,
  hostname: word,
  processname: word,
  topologyConflict: member('adopt', 'fail'),
  managementUrl: httpUrl,
  enableCancelOnFailover: flag,
  kombuCompression: member('gzip', 'zlib'),
  rabbitQosPrefetchCount: natural(0, 65535),
  kombuMissingConsumerRetryTimeout: span,
  deadLetterExchange: text,
  rabbitRetryInterval: spanBetween('10ms', '24h'),
  rabbitRetryBackoff: spanBetween(0, '24h'),
  rabbitIntervalMax: spanBetween('10ms', '24h'),
  kombuReconnectDelay: spanBetween(0, '1h'),
  kombuReconnectSplay: spanBetween(0, '1h'),
  kombuFailoverStrategy: member('round-robin', 'shuffle'),
  connectTimeout: spanBetween('1ms', '1h'),
  heartbeatTimeoutThreshold: spanBetween(0, '65535s'),
  topologyCheckInterval: spanBetween(0, '24h'),
  rabbitLoginMethod: member('PLAIN', 'AMQPLAIN', 'EXTERNAL'),
  ssl: flag,
  sslVersion: memberInAnyCase('SSLv23', 'TLSv1', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'),
  sslCaFile: text,
  sslCertFile: text,
  sslKeyFile: text,
  sslEnforceHostnameVerification: flag,
};
