import { readFile } from 'node:fs/promises';
import { getRpcTransport, type RabbitOptions, type Transport } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

const PASSWORD = 'pa55-word';

function transport(rabbit: object = {}): Transport {
  const transportUrl = `rabbit://user:${PASSWORD}@mq.invalid:5672/vhost`;
  return getRpcTransport({ transportUrl, rabbit: rabbit as RabbitOptions, logger: silent });
}

const settings = (rabbit: object = {}) => transport(rabbit).settings.rabbit;

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

  describe('profile', () => {
    const quorum = { durable: true, quorum: true, transientQuorum: true };

    it('rabbitmq-4 is durable, with quorum queues', () => {
      expect(settings({ profile: 'rabbitmq-4' })).toMatchObject({ ...quorum, withoutTransientQueues: undefined });
    });

    it('classic stays with the defaults on every broker', () => {
      const { withoutTransientQueues, ...others } = settings();
      const classic = { ...others, withoutTransientQueues: undefined, transientBy: 'profile' };
      expect(settings({ profile: 'classic' })).toEqual(classic);
      expect(withoutTransientQueues).toMatchObject(quorum);
    });

    it.each([
      [{}, quorum],
      [{ rabbitQuorumQueue: false }, { ...quorum, quorum: false }],
      [{ rabbitTransientQuorumQueue: false }, { ...quorum, transientQuorum: false }],
      [
        { rabbitQuorumQueue: false, amqpDurableQueues: false },
        { durable: false, quorum: false, transientQuorum: true },
      ],
      [
        { amqpAutoDelete: true, rabbitQuorumQueue: false },
        { ...quorum, quorum: false, autoDelete: true },
      ],
    ])(
      'left out keeps the given options beside those for a broker that denies transient queues: %j',
      (given, there) => {
        expect(settings(given).withoutTransientQueues).toMatchObject(there);
      },
    );

    it('left out has no other options where the given ones exclude quorum queues', () => {
      expect(settings({ amqpAutoDelete: true }).withoutTransientQueues).toBeUndefined();
    });

    it('left out leaves mirrored queues out on such a broker, which has none', () => {
      expect(settings({ rabbitHaQueues: true }).withoutTransientQueues).toMatchObject({ ...quorum, mirrored: false });
    });
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
    ['profile', 'rabbitmq-5', 'one of classic, rabbitmq-4', '"rabbitmq-5"'],
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
    ['heartbeatTimeout', 'heartbeatTimeoutThreshold'],
    ['rabbit_quorum_queue', 'rabbitQuorumQueue'],
    ['__proto__', undefined],
    ['constructor', undefined],
  ])('refuse the unknown %s, and offer the nearest known one', (name, near) => {
    const options = JSON.parse(`{ "${name}": true }`) as object;
    const { code, message } = refusal(() => transport(options));
    expect(code).toBe('CONFIGURATION');
    expect(message).toContain(`Unknown option "rabbit.${name}"`);
    if (near) expect(message).toContain(`did you mean "rabbit.${near}"?`);
    else expect(message).toContain('kombuMissingConsumerRetryTimeout');
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
