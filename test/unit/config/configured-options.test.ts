import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import {
  ConfigurationError,
  cleanup,
  DriverLoadFailure,
  getNotificationTransport,
  getNotifier,
  getRpcTransport,
  getRuntimeTransports,
  init,
  Notifier,
  OsloClientProxy,
  type OsloMessagingOptions,
  OsloServer,
  recordedNotifications,
  type Settings,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigFolder } from '../../support/config-folder.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const URL = 'rabbit://user:s3cret@mq.invalid:5672/vhost';
const PLAIN = `[DEFAULT]\ntransport_url = ${URL}\n`;

describe('configFiles', () => {
  let folder: ConfigFolder;
  let written = 0;

  beforeAll(() => {
    folder = new ConfigFolder();
  });
  afterAll(() => folder.delete());

  const file = (text: string) => folder.write(`${++written}.conf`, text);
  const settings = (text: string, options: OsloMessagingOptions = {}): Settings =>
    getRpcTransport({ configFiles: file(text), logger: silent, ...options }).settings;

  function refusal(run: () => unknown): string {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(String(error)).not.toContain('s3cret');
      return (error as Error).message;
    }
    return expect.fail('was accepted');
  }

  it('set the options of RPC, notifications and the driver', () => {
    const read = settings(
      `${PLAIN}control_exchange = nova\nhost = node1\nrpc_response_timeout = 90\nrpc_response_max_timeout = 300
rpc_ping_enabled = yes\nexecutor_thread_pool_size = 8\nlog_format = %(asctime)s $$x
[oslo_messaging_notifications]\ndriver = messaging\ndriver = log\ntransport_url = amqp://h2/\ntopics = a, b\nretry = 3
routing_config = routes.yaml\n[oslo_messaging_rabbit]\nheartbeat_timeout_threshold = 30\nkombu_reconnect_delay = 0.5
ssl = true\nssl_ca_file = ${folder.write('ca.pem', '')}\nrabbit_quorum_queue = 1\nrabbit_quorum_delivery_limit = 5\nconnect_timeout = 250ms
deadlock = 1\n[keystone_authtoken]\npassword = s3cret`,
    );
    expect(read).toMatchObject({
      controlExchange: 'nova',
      host: 'node1',
      rpcResponseTimeout: 90_000,
      rpcResponseMaxTimeout: 300_000,
      rpcPingEnabled: true,
      concurrency: 8,
      notificationDriver: ['messaging', 'log'],
      notificationTopics: ['a', 'b'],
      notificationRetry: 3,
      notificationRouting: 'routes.yaml',
      rabbit: {
        heartbeat: 30,
        reconnectDelay: 500,
        ssl: true,
        sslCaFile: join(folder.path, 'ca.pem'),
        quorum: true,
        quorumArguments: { 'x-delivery-limit': 5 },
        connectTimeout: 250,
      },
    });
    expect(read.transportUrl.expose()).toBe(URL);
    expect(read.notificationTransportUrl.expose()).toBe('amqp://h2/');
  });

  it('leave the defaults of the library where they say nothing', () => {
    const read = settings(PLAIN);
    expect(read).toEqual({ ...getRpcTransport({ transportUrl: URL, logger: silent }).settings });
  });

  it('yield to options that are given, but not to undefined ones', () => {
    const text = `${PLAIN}host = node1\ncontrol_exchange = nova\n[oslo_messaging_rabbit]\nssl = true\nrabbit_quorum_queue = true`;
    const given = { host: 'given', controlExchange: undefined, rabbit: { ssl: false, rabbitQuorumQueue: undefined } };
    expect(settings(text, given)).toMatchObject({
      host: 'given',
      controlExchange: 'nova',
      rabbit: { ssl: false, quorum: true },
    });
  });

  it('are not read for an option that is given', () => {
    const wrong = `${PLAIN}rpc_response_timeout = never\n[oslo_messaging_rabbit]\nkombu_compression = bz2`;
    const given: OsloMessagingOptions = { rpcResponseTimeout: 5, rabbit: { kombuCompression: 'gzip' } };
    expect(settings(wrong, given).rpcResponseTimeout).toBe(5000);
    expect(refusal(() => settings(wrong))).toContain('rpc_response_timeout');
  });

  it('yield to the query of the URL, and win over the profile', () => {
    const text = `[DEFAULT]\ntransport_url = ${URL}?rabbit_quorum_delivery_limit=5
[oslo_messaging_rabbit]\nrabbit_quorum_delivery_limit = 7\nrabbit_quorum_queue = false`;
    expect(settings(text, { rabbit: { profile: 'rabbitmq-4' } }).rabbit).toMatchObject({
      quorumArguments: { 'x-delivery-limit': 5 },
      quorum: false,
      transientQuorum: true,
    });
  });

  it('yield to the environment of oslo.config, and win over TRANSPORT_URL', () => {
    vi.stubEnv('OS_DEFAULT__HOST', 'from-env');
    vi.stubEnv('OS_OSLO_MESSAGING_RABBIT__SSL', 'true');
    vi.stubEnv('TRANSPORT_URL', 'memory://');
    const read = settings(`${PLAIN}host = node1`);
    expect(read).toMatchObject({ host: 'from-env', rabbit: { ssl: true } });
    expect(read.transportUrl.expose()).toBe(URL);
    expect(getRpcTransport({ logger: silent }).settings.host).toBe(hostname());
    expect(getRpcTransport({ configFiles: [], logger: silent }).settings.host).toBe('from-env');
  });

  it('take TRANSPORT_URL, else memory:// with a warning, without a transport_url', () => {
    const log = new LogRecorder();
    const configFiles = file('[DEFAULT]\nhost = node1');
    expect(getRpcTransport({ configFiles, logger: log }).settings.transportUrl.expose()).toBe('memory://');
    expect(log.messages(/^No \[DEFAULT\] transport_url in .*: using memory:\/\//, 'warn')).toHaveLength(1);
    vi.stubEnv('TRANSPORT_URL', URL);
    log.clear();
    expect(getRpcTransport({ configFiles, logger: log }).settings.transportUrl.expose()).toBe(URL);
    expect(log.messages(/./, 'warn')).toEqual([]);
  });

  it('can be several, of which later ones win, and folders after them', () => {
    const [first, second] = [file(`${PLAIN}host = a\ncontrol_exchange = a\n`), file('[DEFAULT]\nhost = b')];
    expect(getRpcTransport({ configFiles: [first, second], logger: silent }).settings).toMatchObject({
      host: 'b',
      controlExchange: 'a',
    });
    folder.write('conf.d/20.conf', '[DEFAULT]\nhost = 20');
    folder.write('conf.d/100.conf', '[DEFAULT]\nhost = 100\ncontrol_exchange = 100');
    folder.write('conf.d/.hidden.conf', 'malformed');
    folder.write('conf.d/zzz.conf.bak', 'malformed');
    const configDirs = join(folder.path, 'conf.d');
    const both = { configFiles: first, configDirs, logger: silent };
    expect(getRpcTransport(both).settings).toMatchObject({ host: '20', controlExchange: '100' });
    expect(getRpcTransport({ configDirs: [configDirs], logger: silent }).settings.host).toBe('20');
  });

  it('may be symbolic links, and below the home of the user', () => {
    const path = file(`${PLAIN}host = linked`);
    const link = join(folder.path, 'link.conf');
    symlinkSync(path, link);
    vi.stubEnv('HOME', folder.path);
    for (const configFiles of [link, `~/${basename(path)}`])
      expect(getRpcTransport({ configFiles, logger: silent }).settings.host).toBe('linked');
  });

  it('may name other options and the host', () => {
    const text = `[DEFAULT]\nmy_ip = 10.0.0.1\nrabbit_password = s3cret
transport_url = rabbit://nova:\${rabbit_password}@$my_ip/\n[oslo_messaging_rabbit]\nhostname = $host\nuse_queue_manager = true\nprocessname = api`;
    expect(settings(text).transportUrl.expose()).toBe('rabbit://nova:s3cret@10.0.0.1/');
    expect(settings(text, { host: 'given' }).rabbit.queueManager).toBe('given:api');
    expect(settings(text).rabbit.queueManager).toBe(`${hostname()}:api`);
  });

  it('may have a URL in several lines', () => {
    const text = '[DEFAULT]\ntransport_url = rabbit://u:p@mq1,\n  u:p@mq2/vhost';
    expect(settings(text).transportUrl.expose()).toBe('rabbit://u:p@mq1,u:p@mq2/vhost');
  });

  it('have no value in an empty text where oslo.messaging takes it so', () => {
    const text = `${PLAIN}[oslo_messaging_notifications]\ntransport_url =\ndriver =\ntopics =\nrouting_config =
[oslo_messaging_rabbit]\nssl_version =\nssl_ca_file =\nssl_cert_file =\nssl_key_file =\nkombu_compression =`;
    const read = settings(text);
    expect(read).toMatchObject({ notificationDriver: [], notificationTopics: [], notificationRouting: undefined });
    expect(read.notificationTransportUrl.expose()).toBe(URL);
    expect(read.rabbit).toEqual(settings(PLAIN).rabbit);
  });

  it('load a driver that is named twice once', () => {
    const text = `${PLAIN}[oslo_messaging_notifications]\ndriver = log\ndriver = noop\ndriver = log`;
    expect(settings(text).notificationDriver).toEqual(['log', 'noop']);
  });

  it('cause no warning for seconds that look like milliseconds', () => {
    const log = new LogRecorder();
    settings(`${PLAIN}rpc_response_timeout = 30000\n[oslo_messaging_rabbit]\nrabbit_transient_queues_ttl = 86000`, {
      logger: log,
    });
    expect(log.messages(/./, 'warn')).toEqual([]);
  });

  describe('are refused with file, line, option, given and allowed:', () => {
    const RABBIT = '[oslo_messaging_rabbit]\n';
    it.each([
      [
        `${PLAIN}rpc_response_timeout = 1 minute`,
        ':3: [DEFAULT] rpc_response_timeout: expected an integer; got "1 minute"',
      ],
      [`${PLAIN}rpc_response_timeout = 0`, ':3: [DEFAULT] rpc_response_timeout: expected an integer from 1; got "0"'],
      [`${PLAIN}rpc_response_timeout =`, ':3: [DEFAULT] rpc_response_timeout: expected an integer from 1; got ""'],
      [`${PLAIN}executor_thread_pool_size = 70000`, 'expected an integer from 1 to 65535; got "70000"'],
      [`${PLAIN}rpc_ping_enabled = maybe`, 'expected true or false'],
      [`${PLAIN}host =`, ':3: [DEFAULT] host: expected a non-empty string; got ""'],
      [
        `${PLAIN}${RABBIT}rabbit_login_method = RABBIT-CR-DEMO`,
        ':4: [oslo_messaging_rabbit] rabbit_login_method: expected one of PLAIN, AMQPLAIN, EXTERNAL; got "RABBIT-CR-DEMO"',
      ],
      [`${PLAIN}${RABBIT}kombu_compression = bz2`, 'expected one of gzip, zlib; got "bz2"'],
      [`${PLAIN}${RABBIT}rabbit_transient_queues_ttl = -1`, 'expected a number of seconds, 0 or more; got "-1"'],
      [`${PLAIN}${RABBIT}kombu_reconnect_delay = nan`, 'expected a number of seconds, 0 or more; got "nan"'],
      [`${PLAIN}${RABBIT}connect_timeout = soon`, 'expected a number of seconds, or a number with a unit'],
      [`${PLAIN}${RABBIT}heartbeat_timeout_threshold = 70000`, 'expected a duration from 0s to 65535s; got "70000"'],
      [`${PLAIN}${RABBIT}ssl_enforce_fips_mode = true`, 'expected false: it cannot be switched on here; start Node.js'],
      [
        `${PLAIN}[oslo_messaging_notifications]\ndriver = log\ndriver = ceilometer`,
        ':5: [oslo_messaging_notifications] driver: expected one of messaging, messagingv2, routing, log, test, noop; got "ceilometer"',
      ],
      [
        `${PLAIN}[oslo_messaging_notifications]\ntopics = a,,b`,
        'expected names separated by commas, none of them empty',
      ],
      [`${PLAIN}[oslo_messaging_notifications]\nretry = -2`, 'expected an integer from -1'],
      ['[DEFAULT]\ntransport_url = s3cret@mq1', ':2: [DEFAULT] transport_url: Transport URL "***@mq1": no scheme'],
      ['[DEFAULT]\ntransport_url = rabbit://u:s3cret@mq1:99999', 'port 99999 is not between'],
      ['[DEFAULT]\ntransport_url = kafka://u:s3cret@mq1', '"kafka" is unknown; use rabbit'],
      [
        '[DEFAULT]\ntransport_url = rabbit://u:s3cret@mq1/?ssl=maybe',
        'transport URL parameter "ssl": expected true or false'.slice(1),
      ],
      ['[DEFAULT]\ntransport_url = rabbit://u:pa$s3cret@mq1/', 'a $ names no option of the files'],
      [
        `${PLAIN}${RABBIT}amqp_auto_delete = true\nrabbit_quorum_queue = true`,
        '(rabbit.amqpAutoDelete is [oslo_messaging_rabbit] amqp_auto_delete at',
      ],
      [`${PLAIN}${RABBIT}management_url = user:s3cret`, 'expected a URL that begins with http:// or https://; got ***'],
    ])('%j', (text, expected) => {
      const message = refusal(() => settings(text));
      expect(message).toContain(expected);
      expect(message).toContain(`${folder.path}/${written}.conf:`);
    });

    it('a file of certificates that is missing, where it is used', () => {
      const message = refusal(() => settings(`${PLAIN}${RABBIT}ssl = 1\nssl_ca_file = /nowhere.pem`));
      expect(message).toContain('cannot read /nowhere.pem: ENOENT');
      expect(message).toMatch(/\(rabbit\.sslCaFile is \[oslo_messaging_rabbit\] ssl_ca_file at .*:5\)$/);
    });

    it('a contradiction with a given option, at the line of the one in the file', () => {
      const message = refusal(() =>
        settings(`${PLAIN}${RABBIT}rabbit_quorum_queue = true`, { rabbit: { amqpAutoDelete: true } }),
      );
      expect(message).toContain(
        `(rabbit.rabbitQuorumQueue is [oslo_messaging_rabbit] rabbit_quorum_queue at ${folder.path}/${written}.conf:4)`,
      );
    });

    it('a wrong variable, by its name', () => {
      vi.stubEnv('OS_DEFAULT__RPC_RESPONSE_TIMEOUT', 'x');
      const message = refusal(() => settings(PLAIN));
      expect(message).toMatch(
        /^environment variable OS_DEFAULT__RPC_RESPONSE_TIMEOUT: \[DEFAULT\] rpc_response_timeout: /,
      );
    });

    it('a wrong notification URL, but only where notifications use it', () => {
      const configFiles = file(`${PLAIN}[oslo_messaging_notifications]\ntransport_url = kafka://mq1`);
      expect(getRpcTransport({ configFiles, logger: silent })).toBeDefined();
      expect(refusal(() => getNotificationTransport({ configFiles, logger: silent }))).toContain(':4: ');
      expect(refusal(() => new OsloServer({ configFiles, logger: silent }))).toContain('"kafka" is unknown');
      const given = { configFiles, notificationTransportUrl: 'kafka://mq2', logger: silent };
      expect(() => getNotificationTransport(given)).toThrow(DriverLoadFailure);
      const onlyRpc = { configFiles: file('[DEFAULT]\ntransport_url = kafka://mq1'), logger: silent };
      expect(refusal(() => getNotificationTransport(onlyRpc))).toContain(':2: [DEFAULT] transport_url');
    });
  });

  describe('are refused as files:', () => {
    const load = (configFiles: string | string[]) => refusal(() => getRpcTransport({ configFiles, logger: silent }));

    it('a missing one', () => {
      expect(load(join(folder.path, 'missing.conf'))).toMatch(/^Cannot read the configuration .*missing\.conf: ENOENT/);
    });

    it('a folder, and a pipe, which could block', () => {
      mkdirSync(join(folder.path, 'folder'), { recursive: true });
      const pipe = join(folder.path, 'pipe');
      execFileSync('mkfifo', [pipe]);
      for (const path of [join(folder.path, 'folder'), pipe]) expect(load(path)).toMatch(/: it is not a regular file$/);
    });

    it('one that is too large', () => {
      const large = folder.write('large', Buffer.alloc(9 * 1024 * 1024, '#'));
      expect(load([large, large])).toMatch(/large: the files have more than 16777216 bytes$/);
    });

    it('one that is no UTF-8, at its line', () => {
      const latin = folder.write('latin', Buffer.concat([Buffer.from('[DEFAULT]\n# ä\n# '), Buffer.from([0xe4])]));
      expect(load(latin)).toMatch(/latin:3: expected UTF-8$/);
    });

    it('a folder of files that is missing, or is none', () => {
      const dirs = (configDirs: string) => refusal(() => getRpcTransport({ configDirs, logger: silent }));
      expect(dirs(join(folder.path, 'nowhere'))).toContain('ENOENT');
      expect(dirs(file(''))).toContain('ENOTDIR');
    });

    it.each([[null], [5]])('options that are %j', (options) => {
      expect(refusal(() => getRpcTransport(options as never))).toMatch(/^Options: expected an object/);
    });

    it.each([[5], [['']], [{}]])('%j', (configFiles) => {
      expect(refusal(() => getRpcTransport({ configFiles: configFiles as never }))).toContain(
        '"configFiles": expected',
      );
    });
  });

  it('log their values, and are silent about passwords', () => {
    const log = new LogRecorder();
    const path = file(
      `${PLAIN}notification_driver = log\nother = 1\n[oslo_messaging_rabbit]\nrabbit_quorum_queues = s3cret\nheartbeat_rate = 3
rabbit_quroum_max_memory_length = 5\n[oslo_messaging_tracing]\ntracing_enabled = true\n[keystone]\npassword = s3cret`,
    );
    getRpcTransport({ configFiles: path, logger: log });
    expect(log.messages(/./, 'debug')).toEqual([`Read the configuration of ${path}: 3 options used, 3 others ignored`]);
    expect(log.messages(/./, 'log')).toEqual([
      `Ignored options without a meaning here: [oslo_messaging_rabbit] heartbeat_rate (${path}:7), [oslo_messaging_tracing] tracing_enabled (${path}:10)`,
    ]);
    expect(log.messages(/./, 'warn')).toEqual([
      `Ignored unknown options, as oslo.messaging does: [oslo_messaging_rabbit] rabbit_quorum_queues (${path}:6; did you mean rabbit_quorum_queue?)`,
      `${path}:3: [DEFAULT] notification_driver is deprecated, and not in newer releases of oslo.messaging; write [oslo_messaging_notifications] driver`,
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
  });

  it('are taken wherever options are, and read once by a server', async () => {
    const log = new LogRecorder();
    const configFiles = file(
      '[DEFAULT]\ntransport_url = memory://config-files\nhost = everywhere\n[oslo_messaging_notifications]\ndriver = test',
    );
    const server = new OsloServer({ configFiles, logger: log });
    expect(log.messages(/^Read the configuration/)).toHaveLength(1);
    const proxy = new OsloClientProxy({ configFiles, logger: silent });
    init({ configFiles, logger: silent });
    const transports: Transport[] = [
      server.unwrap(),
      server.transports.notifications,
      proxy.unwrap(),
      getRuntimeTransports().rpc,
    ];
    for (const {
      settings: { host },
    } of transports)
      expect(host).toBe('everywhere');
    const notifier: Notifier = getNotifier({ service: 's' });
    await notifier.info({}, 'event', {});
    const { notifications } = getRuntimeTransports();
    expect(recordedNotifications(notifications as Transport)).toMatchObject([{ publisherId: 's.everywhere' }]);
    await Promise.all([server.close(), proxy.close(), cleanup()]);
  });

  it('set the retries of a notifier that has none of its own', async () => {
    const retries: unknown[] = [];
    const driver = { notify: async ({ retry }: { retry: number | undefined }) => void retries.push(retry) };
    const transport = getNotificationTransport({ transportUrl: 'memory://', notificationRetry: 2, logger: silent });
    await new Notifier(transport, { driver }).info({}, 'event', {});
    await new Notifier(transport, { driver, retry: 0 }).info({}, 'event', {});
    expect(retries).toEqual([2, 0]);
    await transport.cleanup();
  });
});
