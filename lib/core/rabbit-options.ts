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
  /** A named set of these options; those given beside it win. `rabbitmq-4`: everything durable, on quorum queues. */
  profile?: RabbitProfile | undefined;

  /** Durable control exchange and shared queues. @default false */
  amqpDurableQueues?: boolean | undefined;
  /** Auto-delete control exchange and shared queues. Not with quorum queues, which RabbitMQ refuses so. @default false */
  amqpAutoDelete?: boolean | undefined;
  /** Mirrored queues of old brokers (`x-ha-policy: all`). Not with quorum queues. @default false */
  rabbitHaQueues?: boolean | undefined;
  /** Quorum queues, with a durable exchange, for the topic's and the server's queue. @default false */
  rabbitQuorumQueue?: boolean | undefined;
  /** Quorum queues, with a durable fanout exchange, for the reply and the fanout queue. @default false */
  rabbitTransientQuorumQueue?: boolean | undefined;
  /** `x-delivery-limit` of quorum queues; 0 is none. @default 0 */
  rabbitQuorumDeliveryLimit?: number | undefined;
  /** `x-max-in-memory-length` of quorum queues, in messages; 0 is none. @default 0 */
  rabbitQuorumMaxMemoryLength?: number | undefined;
  /** `x-max-in-memory-bytes` of quorum queues; 0 is none. @default 0 */
  rabbitQuorumMaxMemoryBytes?: number | undefined;
  /** How long an unused reply or fanout queue lives, or a message in a fanout stream; 0 is for ever. @default 1800 */
  rabbitTransientQueuesTtl?: Duration | undefined;
  /** One stream for each topic instead of a fanout queue for each server. @default false */
  rabbitStreamFanout?: boolean | undefined;
  /** Names reply and fanout queues `…<hostname>:<processname>:<n>` instead of at random, and leaves them in place. @default false */
  useQueueManager?: boolean | undefined;
  /** The host in those names. @default the machine's host name */
  hostname?: string | undefined;
  /** The process in those names. @default the file name of the program */
  processname?: string | undefined;
  /**
   * What to do about an exchange or queue that is there already, declared otherwise: use it as it is, with a warning, or
   * fail. What cannot be used, such as an exchange of another type, always fails. @default 'adopt'
   */
  topologyConflict?: 'adopt' | 'fail' | undefined;
  /**
   * Where RabbitMQ's management API is, e.g. `http://mq1:15672`, so that errors can say what is there. Credentials in it
   * are used, else those of the transport URL; neither is ever shown. @default none
   */
  managementUrl?: string | undefined;
  /** Asks old brokers to cancel consumers of a mirrored queue that fails over. @default false */
  enableCancelOnFailover?: boolean | undefined;

  /** Compresses the bodies that are sent, in kombu's way. Compressed ones are always read. @default none */
  kombuCompression?: 'gzip' | 'zlib' | undefined;
  /** Unacknowledged messages for each consumer of a server; 0 is the server's `concurrency`. @default 0 */
  rabbitQosPrefetchCount?: number | undefined;
  /** How long a reply waits, at the most, for a reply queue that is gone. @default 60 */
  kombuMissingConsumerRetryTimeout?: Duration | undefined;
  /**
   * Topic exchange for messages that cannot be processed, with the name of the queue that they came from as routing key.
   * `<queue>.dead` is bound there in any case. @default none: they are sent straight to `<queue>.dead`
   */
  deadLetterExchange?: string | undefined;

  /** First wait before connecting again. @default 1 */
  rabbitRetryInterval?: Duration | undefined;
  /** What each further wait is longer than the one before. @default 2 */
  rabbitRetryBackoff?: Duration | undefined;
  /** Longest wait before connecting again (oslo: 30 s; shorter here, so that service is back soon). @default 3 */
  rabbitIntervalMax?: Duration | undefined;
  /** Wait before a consumer that the broker took away comes back (oslo: 1 s). @default 0.2 */
  kombuReconnectDelay?: Duration | undefined;
  /** Up to this much is added to that wait, at random. @default 0 */
  kombuReconnectSplay?: Duration | undefined;
  /** Which host is next: the next one of a list shuffled once, or of one shuffled for each round. @default 'round-robin' */
  kombuFailoverStrategy?: 'round-robin' | 'shuffle' | undefined;
  /** Time for one attempt to connect, handshake included. @default 5 */
  connectTimeout?: Duration | undefined;
  /** AMQP heartbeat; 0 is none. @default 60 */
  heartbeatTimeoutThreshold?: Duration | undefined;
  /**
   * Time in which each consumed queue, its exchange and its binding are looked for once, and made again where they are
   * gone; 0 is never. @default 30
   */
  topologyCheckInterval?: Duration | undefined;
  /** SASL mechanism. @default 'AMQPLAIN' */
  rabbitLoginMethod?: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL' | undefined;

  /** Connect by TLS; the schemes `amqps` and `rabbits` imply it. @default false */
  ssl?: boolean | undefined;
  /** The one TLS version to speak; `SSLv23` is the newest that both sides have. @default 'SSLv23' */
  sslVersion?: 'SSLv23' | 'TLSv1' | 'TLSv1_1' | 'TLSv1_2' | 'TLSv1_3' | undefined;
  /** PEM file of the certification authorities. @default those that Node.js trusts */
  sslCaFile?: string | undefined;
  /** PEM file of the client's certificate. */
  sslCertFile?: string | undefined;
  /** PEM file of the client's key. @default sslCertFile */
  sslKeyFile?: string | undefined;
  /** Check that the certificate is the host's. The chain is always checked. @default true */
  sslEnforceHostnameVerification?: boolean | undefined;
}

export type RabbitProfile = 'rabbitmq-4';

/** What RabbitMQ takes as `x-expires`: ten years. */
const MAX_EXPIRY = '87600h';

/** What each option may be. */
export const RABBIT_RULES: Readonly<Record<keyof RabbitOptions, Rule>> = {
  profile: member('rabbitmq-4'),
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
