import { readFile } from 'node:fs/promises';
import { getRpcTransport, InvalidTransportURL, type RabbitOptions, type Transport } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

const PASSWORD = 'pa55-word';
const url = (query = '') => `rabbit://user:${PASSWORD}@mq.invalid:5672/vhost${query}`;

function transport(rabbit: object = {}, query = ''): Transport {
  return getRpcTransport({ transportUrl: url(query), rabbit: rabbit as RabbitOptions, logger: silent });
}

const settings = (rabbit: object = {}, query = '') => transport(rabbit, query).settings.rabbit;

function refusal(make: () => unknown): { message: string; code: string } {
  try {
    make();
  } catch (error) {
    return error as { message: string; code: string };
  }
  return expect.fail('was accepted');
}

describe('the options of the RabbitMQ driver', () => {
  it('have oslo.messaging’s defaults, with three differences that the documentation names', () => {
    const oslo = { prefetch: 0, retryInterval: 1000, retryBackoff: 2000, heartbeat: 60, transientTtl: 1_800_000 };
    expect(settings()).toMatchObject({
      ...oslo,
      durable: false,
      autoDelete: false,
      quorum: false,
      transientQuorum: false,
      streamFanout: false,
      queueManager: undefined,
      compress: false,
      loginMethod: 'AMQPLAIN',
      failoverStrategy: 'round-robin',
      missingReplyQueueTimeout: 60_000,
      ssl: false,
    });
    expect(settings()).toMatchObject({ intervalMax: 3000, reconnectDelay: 200, sslVerifyHostname: true });
  });

  it.each([
    ['amqpDurableQueues', 'yes', 'true or false', '"yes"'],
    ['rabbitQuorumQueue', 1, 'true or false', '1'],
    ['rabbitQuorumDeliveryLimit', -1, 'an integer from 0', '-1'],
    ['rabbitQuorumDeliveryLimit', 1.5, 'an integer from 0', '1.5'],
    ['rabbitQosPrefetchCount', 65536, 'an integer from 0 to 65535', '65536'],
    ['rabbitTransientQueuesTtl', '90000h', 'a duration from 0s to 87600h', '"90000h"'],
    ['rabbitTransientQueuesTtl', -5, 'a number of seconds', '-5'],
    ['heartbeatTimeoutThreshold', '2 days', 'a number of seconds', '"2 days"'],
    ['heartbeatTimeoutThreshold', 65536, 'a duration from 0s to 65535s', '65536'],
    ['rabbitRetryInterval', 0, 'a duration from 10ms to 24h', '0'],
    ['kombuCompression', 'bzip2', 'one of gzip, zlib', '"bzip2"'],
    ['kombuFailoverStrategy', 'random', 'one of round-robin, shuffle', '"random"'],
    ['rabbitLoginMethod', 'RABBIT-CR-DEMO', 'one of PLAIN, AMQPLAIN, EXTERNAL', '"RABBIT-CR-DEMO"'],
    ['sslVersion', 'SSLv3', 'one of SSLv23, TLSv1, TLSv1_1, TLSv1_2, TLSv1_3', '"SSLv3"'],
    ['sslCaFile', '', 'a non-empty string', '""'],
    ['hostname', 'a host', '1 to 100 letters', '"a host"'],
    ['processname', 'a:b', '1 to 100 letters', '"a:b"'],
    ['profile', 'rabbitmq-5', 'one of rabbitmq-4', '"rabbitmq-5"'],
  ])('refuse %s: %j, naming what is allowed and what was given', (name, value, allowed, given) => {
    const { code, message } = refusal(() => transport({ [name]: value }));
    expect(code).toBe('CONFIGURATION');
    expect(message).toContain(`rabbit.${name}`);
    expect(message).toContain(allowed);
    expect(message).toContain(given);
    expect(message).not.toContain(PASSWORD);
  });

  it.each([
    ['rabbitQourumQueue', 'rabbitQuorumQueue'],
    ['amqpDurableQueue', 'amqpDurableQueues'],
    ['heartbeatTimeout', undefined],
    ['rabbit_quorum_queue', 'rabbitQuorumQueue'],
    ['__proto__', undefined],
    ['constructor', undefined],
  ])('refuse the unknown %s, and offer the nearest known one', (name, near) => {
    const options = JSON.parse(`{ "${name}": true }`) as object;
    const { code, message } = refusal(() => transport(options));
    expect(code).toBe('CONFIGURATION');
    expect(message).toContain(`Unknown option "rabbit.${name}"`);
    if (near) expect(message).toContain(`did you mean "rabbit.${near}"?`);
    expect(message).toContain('kombuMissingConsumerRetryTimeout');
  });

  it.each([
    [{ amqpAutoDelete: true, rabbitQuorumQueue: true }, /amqpAutoDelete.*rabbitQuorumQueue/],
    [{ amqpAutoDelete: true, profile: 'rabbitmq-4' }, /amqpAutoDelete.*rabbitQuorumQueue.*profile rabbitmq-4/],
    [{ rabbitHaQueues: true, rabbitQuorumQueue: true }, /rabbitHaQueues.*rabbitQuorumQueue/],
    [{ rabbitHaQueues: true, rabbitTransientQuorumQueue: true }, /rabbitHaQueues.*rabbitTransientQuorumQueue/],
    [{ sslKeyFile: '/key.pem' }, /sslKeyFile.*sslCertFile/],
  ])('refuse the contradiction in %j', (options, message) => {
    const error = refusal(() => transport(options));
    expect(error.code).toBe('CONFIGURATION');
    expect(error.message).toMatch(message);
  });

  it('send limits of quorum queues as arguments, without those that are 0', () => {
    const options = { rabbitQuorumDeliveryLimit: 3, rabbitQuorumMaxMemoryLength: 0, rabbitQuorumMaxMemoryBytes: 1000 };
    expect(settings(options).quorumArguments).toEqual({ 'x-delivery-limit': 3, 'x-max-in-memory-bytes': 1000 });
  });

  it('are all in the documentation, with oslo’s names', async () => {
    const { message } = refusal(() => transport({ noSuchOption: true }));
    const known = message.split('Known: ')[1]?.split(', ') ?? [];
    expect(known.length).toBeGreaterThan(30);
    const page = await readFile(new URL('../../../docs/reference/rabbit-options.md', import.meta.url), 'utf8');
    const own = [
      'profile',
      'connectTimeout',
      'topologyConflict',
      'managementUrl',
      'deadLetterExchange',
      'topologyCheckInterval',
    ];
    for (const name of known) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
      const oslo = name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
      expect(row, name).toContain(own.includes(name) ? '–' : `\`${oslo}\``);
    }
  });

  it('make queue names of host and process, by default from this process', () => {
    expect(settings({ useQueueManager: true, hostname: 'node1', processname: 'api' }).queueManager).toBe('node1:api');
    expect(settings({ useQueueManager: true }).queueManager).toMatch(/^[\w.@-]+:[\w.@-]+$/);
    expect(settings({ hostname: 'node1', processname: 'api' }).queueManager).toBeUndefined();
  });
});

describe('the profile rabbitmq-4', () => {
  it('makes everything durable, on quorum queues', () => {
    expect(settings({ profile: 'rabbitmq-4' })).toMatchObject({ durable: true, quorum: true, transientQuorum: true });
  });

  it('yields to explicit options, but not to undefined ones', () => {
    const explicit = { profile: 'rabbitmq-4', rabbitQuorumQueue: false, rabbitTransientQuorumQueue: undefined };
    expect(settings(explicit)).toMatchObject({ durable: true, quorum: false, transientQuorum: true });
  });
});

describe('the query of a transport URL', () => {
  it.each([
    ['rabbit_quorum_queue=true', { quorum: true, durable: true }],
    ['rabbit_quorum_queue=ON', { quorum: true }],
    ['rabbit_quorum_queue=0', { quorum: false }],
    ['amqp_durable_queues=yes&amqp_auto_delete=1', { durable: true, autoDelete: true }],
    ['rabbit_ha_queues=true', { mirrored: true }],
    ['rabbit_transient_queues_ttl=60', { transientTtl: 60_000 }],
    ['rabbit_transient_queues_ttl=%2030%20', { transientTtl: 30_000 }],
    ['rabbit_transient_quorum_queue=true&rabbit_stream_fanout=1', { transientQuorum: true, streamFanout: true }],
    ['use_queue_manager=true&hostname=h1&processname=p1', { queueManager: 'h1:p1' }],
    ['rabbit_quorum_delivery_limit=7', { quorumArguments: { 'x-delivery-limit': 7 } }],
    ['rabbit_quorum_max_memory_length=8', { quorumArguments: { 'x-max-in-memory-length': 8 } }],
    ['rabbit_quroum_max_memory_length=8', { quorumArguments: { 'x-max-in-memory-length': 8 } }],
    ['rabbit_quroum_max_memory_bytes=9', { quorumArguments: { 'x-max-in-memory-bytes': 9 } }],
    ['kombu_compression=gzip', { compress: true }],
    ['kombu_reconnect_delay=0.5&kombu_reconnect_splay=2.5', { reconnectDelay: 500, reconnectSplay: 2500 }],
    ['kombu_missing_consumer_retry_timeout=5', { missingReplyQueueTimeout: 5000 }],
    ['kombu_failover_strategy=shuffle', { failoverStrategy: 'shuffle' }],
    ['rabbit_qos_prefetch_count=4', { prefetch: 4 }],
    ['heartbeat_timeout_threshold=30', { heartbeat: 30 }],
    [
      'rabbit_retry_interval=2&rabbit_retry_backoff=4&rabbit_interval_max=30',
      { retryInterval: 2000, retryBackoff: 4000, intervalMax: 30_000 },
    ],
    ['rabbit_login_method=PLAIN', { loginMethod: 'PLAIN' }],
    ['enable_cancel_on_failover=true', { cancelOnFailover: true }],
    ['ssl=1&ssl_version=TLSv1_2', { ssl: true, sslVersion: 'TLSv1.2' }],
    ['ssl_version=tlsv1_3', { sslVersion: 'TLSv1.3' }],
    ['ssl_version=SSLv23', { sslVersion: undefined }],
    ['ssl_ca_file=%2Fca.pem&ssl_cert_file=/cert.pem', { sslCaFile: '/ca.pem', sslCertFile: '/cert.pem' }],
    ['ssl_enforce_hostname_verification=false', { sslVerifyHostname: false }],
    ['profile=rabbitmq-4', { transientQuorum: true }],
    // Options of oslo's for what is not here: the URL may serve a Python service, too.
    ['rpc_conn_pool_size=5&heartbeat_rate=3&ssl_enforce_fips_mode=false', { heartbeat: 60 }],
    // Python's parser leaves out what has no value.
    ['rabbit_quorum_queue=&no_such=', { quorum: false }],
  ])('is read like in oslo: ?%s', (query, expected) => {
    expect(settings({ sslVersion: 'TLSv1_2' }, `?${query}`)).toMatchObject(expected);
  });

  it('needs no path before it', () => {
    const { settings } = getRpcTransport({ transportUrl: 'rabbit://mq.invalid?rabbit_quorum_queue=true' });
    expect(settings.rabbit.quorum).toBe(true);
  });

  it('wins over options, which win over the profile', () => {
    const options = { profile: 'rabbitmq-4', rabbitQuorumDeliveryLimit: 3, kombuCompression: 'gzip', ssl: true };
    const query = '?rabbit_quorum_delivery_limit=5&rabbit_quorum_queue=false&ssl=0';
    expect(settings(options, query)).toMatchObject({
      quorumArguments: { 'x-delivery-limit': 5 },
      quorum: false,
      ssl: false,
      compress: true,
      transientQuorum: true,
    });
  });

  it('belongs to its URL alone', () => {
    const options = { transportUrl: url('?rabbit_quorum_queue=true'), notificationTransportUrl: url() };
    expect(getRpcTransport(options).settings.rabbit.quorum).toBe(true);
    expect(getRpcTransport({ ...options, transportUrl: url() }).settings.rabbit.quorum).toBe(false);
  });

  it.each([
    ['rabbit_quorum_queue=maybe', 'rabbit_quorum_queue', 'true or false', '"maybe"'],
    ['rabbit_quorum_queue=1&rabbit_quorum_queue=0', 'rabbit_quorum_queue', 'true or false', '"1,0"'],
    ['rabbit_quorum_delivery_limit=x', 'rabbit_quorum_delivery_limit', 'an integer from 0', '"x"'],
    ['rabbit_quorum_delivery_limit=-5', 'rabbit_quorum_delivery_limit', 'an integer from 0', '-5'],
    ['rabbit_quorum_delivery_limit=0x10', 'rabbit_quorum_delivery_limit', 'an integer from 0', '"0x10"'],
    ['rabbit_qos_prefetch_count=1.5', 'rabbit_qos_prefetch_count', 'an integer from 0 to 65535', '"1.5"'],
    ['rabbit_transient_queues_ttl=soon', 'rabbit_transient_queues_ttl', 'a number of seconds', '"soon"'],
    ['kombu_reconnect_delay=4000', 'kombu_reconnect_delay', 'a duration from 0s to 1h', '4000'],
    ['kombu_failover_strategy=foo', 'kombu_failover_strategy', 'round-robin, shuffle', '"foo"'],
    ['rabbit_login_method=plain', 'rabbit_login_method', 'PLAIN, AMQPLAIN, EXTERNAL', '"plain"'],
    ['kombu_compression=bz2', 'kombu_compression', 'gzip, zlib', '"bz2"'],
    ['ssl_version=TLSv9', 'ssl_version', 'TLSv1_2', '"TLSv9"'],
    ['ssl_enforce_fips_mode=true', 'ssl_enforce_fips_mode', '--force-fips', ''],
  ])('is refused with a wrong type: ?%s', (query, name, allowed, given) => {
    const { code, message } = refusal(() => transport({}, `?${query}`));
    expect(code).toBe('CONFIGURATION');
    for (const part of [name, allowed, given]) expect(message).toContain(part);
    expect(message).toMatch(/transport URL parameter|number of seconds/i);
    expect(message).not.toContain(PASSWORD);
  });

  it.each([
    ['rabbit_quorum_que=true', 'rabbit_quorum_queue'],
    ['RABBIT_quorum_queue=1', 'rabbit_quorum_queue'],
    ['rabbitQuorumQueue=1', 'rabbit_quorum_queue'],
    ['kombu_ssl_ca_certs=a', undefined],
    ['no_such=1', undefined],
    ['__proto__=1', undefined],
    ['toString=1', undefined],
    [`${'x'.repeat(5000)}=1`, undefined],
  ])('is refused with an unknown name: ?%s', (query, near) => {
    const { code, message } = refusal(() => transport({}, `?${query}`));
    expect(code).toBe('CONFIGURATION');
    expect(message).toContain(`Unknown transport URL parameter "${query.split('=')[0]?.slice(0, 60)}`);
    if (near) expect(message).toContain(`did you mean "${near}"?`);
    expect(message.length).toBeLessThan(2500);
    expect(message).not.toContain(PASSWORD);
  });

  it('is no place for the rest of a password with a question mark in it', () => {
    const error = refusal(() => getRpcTransport({ transportUrl: `rabbit://user:12?${PASSWORD}=x@mq.invalid/` }));
    expect(error).toBeInstanceOf(InvalidTransportURL);
    expect(error.message).toContain('%3F');
    expect(error.message).not.toContain(PASSWORD);
  });

  it('is refused when it contradicts an option', () => {
    const error = refusal(() => transport({ amqpAutoDelete: true }, '?rabbit_quorum_queue=true'));
    expect(error.message).toMatch(/amqpAutoDelete.*rabbitQuorumQueue/);
  });
});
