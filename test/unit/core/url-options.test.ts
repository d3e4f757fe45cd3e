import { getRpcTransport, InvalidTransportURL, type RabbitOptions } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { normalizeOptions } from '../../../lib/core/settings.js';
import { parseTransportUrl } from '../../../lib/core/transport-url.js';
import { withUrlOptions } from '../../../lib/core/url-options.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const PASSWORD = 'pa55-word';
const url = (query = '') => `rabbit://user:${PASSWORD}@mq.invalid:5672/vhost${query}`;

function transport(rabbit: object = {}, query = '') {
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
    ['management_url=http://mq1:15672', undefined],
    ['__proto__=1', undefined],
    ['toString=1', undefined],
    [`${'x'.repeat(5000)}=1`, undefined],
  ])('is refused with an unknown name: ?%s', (query, near) => {
    const { code, message } = refusal(() => transport({}, `?${query}`));
    expect(code).toBe('CONFIGURATION');
    expect(message).toContain(`Unknown transport URL parameter "${query.split('=')[0]?.slice(0, 60)}`);
    if (near) expect(message).toContain(`did you mean "${near}"?`);
    expect(message).toMatch(/All of them: docs\/reference\/rabbit-options\.md$/);
    expect(message.length).toBeLessThan(250);
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

describe('withUrlOptions', () => {
  function read(query: string) {
    const log = new LogRecorder();
    const given = normalizeOptions({ topic: 'orders', rabbit: { ssl: true }, logger: log });
    return { log, given, read: withUrlOptions(given, parseTransportUrl(url(query))) };
  }

  it('returns the settings themselves without an option in the query', () => {
    for (const query of ['', '?', '?rpc_conn_pool_size=5', '?ssl_enforce_fips_mode=0']) {
      const { given, read: result } = read(query);
      expect(result).toBe(given);
    }
  });

  it('changes only the RabbitMQ options of a frozen copy', () => {
    const { given, read: result } = read('?rabbit_quorum_queue=true');
    const { rabbit, rabbitOptions, ...others } = result;
    expect(given).toMatchObject(others);
    expect(rabbit).toMatchObject({ quorum: true, ssl: true });
    expect(rabbitOptions.expose()).toEqual({ ssl: true, rabbitQuorumQueue: true });
    expect(given.rabbit.quorum).toBe(false);
    expect(Object.isFrozen(result)).toBe(true);
  });

  it('logs an option of oslo that has no effect', () => {
    const { log } = read('?conn_pool_ttl=5&heartbeat_rate=3');
    expect(log.messages(/./, 'log')).toEqual([
      'Ignored the transport URL parameter "conn_pool_ttl", which has no meaning here',
      'Ignored the transport URL parameter "heartbeat_rate", which has no meaning here',
    ]);
  });

  it('logs a warning for a duration that looks like milliseconds', () => {
    const { log } = read('?heartbeat_timeout_threshold=60000');
    expect(log.messages(/^transport URL parameter heartbeat_timeout_threshold: .*seconds/, 'warn')).toHaveLength(1);
  });
});
