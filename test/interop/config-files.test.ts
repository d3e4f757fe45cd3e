import {
  cleanup,
  createConnection,
  getNotificationListener,
  getNotifier,
  getRpcTransport,
  getRuntimeTransports,
  init,
  type OsloMessagingOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isDenying, PERMITTED_QUERY } from '../../testkit/release.js';
import { osloRpc } from '../support/command.js';
import { ConfigFolder } from '../support/config-folder.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { PythonPeer } from '../support/python-peer.js';

describeWithPython('One tacker.conf, given to Python by --config-file and to us by configFiles', () => {
  const topic = uniqueTopic('configured');
  const events = uniqueTopic('configured-events');
  const log = new LogRecorder();
  const text = `
# The operator's file
[DEFAULT]
debug = true
log_format = %(asctime)s %(message)s
rabbit_user = %(not used)s
transport_url = ${rabbitUrl.replace('@', '@\n    ')}
control_exchange = ${uniqueTopic('configured-exchange')}
rpc_response_timeout: 20
rpc_ping_enabled = Yes
host = "ours"

[oslo_messaging_notifications]
driver = messagingv2
driver = noop
topics = ${events}-1,
    ${events}-2

[OSLO_MESSAGING_RABBIT]
${isDenying ? PERMITTED_QUERY.replaceAll('&', '\n') : 'amqp_durable_queues = on'}
rabbit_transient_queues_ttl = 90
kombu_compression = gzip
kombu_reconnect_delay = .5
heartbeat_timeout_threshold = 1_0
`;
  let folder: ConfigFolder;
  let python: PythonPeer;
  let options: OsloMessagingOptions;

  beforeAll(async () => {
    folder = new ConfigFolder();
    options = { configFiles: folder.write('tacker.conf', text), logger: log };
    python = await PythonPeer.start(null, { configFile: text, bare: true });
    await python.startServer({ topic, server: 'theirs', exchange: null });
    init(options);
    const connection = createConnection();
    connection.createConsumer(topic, [{ target: new Target({ version: '1.2' }), whoami: () => 'ours' }], {
      exchange: getRuntimeTransports().rpc.settings.controlExchange,
    });
    await connection.consumeInThreads();
  });

  afterAll(async () => {
    await Promise.all([cleanup(), python?.stop()]);
    folder.delete();
  });

  it('makes both serve on the same exchange and queues, without a warning', async () => {
    const transport = getRpcTransport(options);
    const client = new RPCClient(transport, new Target({ topic }));
    const servers = { theirs: client.prepare({ server: 'theirs' }), ours: client.prepare({ server: 'ours' }) };
    for (const [name, prepared] of Object.entries(servers)) {
      expect(await prepared.call({}, 'whoami')).toBe(name);
      expect(await python.call({ topic, exchange: null, server: name, method: 'whoami' })).toBe(name);
      // Off by default in both.
      expect(await prepared.call({}, 'oslo_rpc_server_ping')).toBe('pong');
    }
    expect(transport.settings).toMatchObject({ rpcResponseTimeout: 20_000, rabbit: { heartbeat: 10, compress: true } });
    await transport.cleanup();
    expect(log.messages(/./, 'warn')).toEqual([]);
  });

  it('makes both notify the same topics', async () => {
    const received: unknown[] = [];
    const targets = [new Target({ topic: `${events}-1` }), new Target({ topic: `${events}-2` })];
    const endpoint = {
      info: (_: unknown, publisherId: string, eventType: string) => void received.push([publisherId, eventType]),
    };
    const { notifications = expect.fail('no transport') } = getRuntimeTransports();
    const listener = getNotificationListener(notifications, targets, [endpoint], { pool: 'ours' });
    await listener.start();
    const theirs = await python.listenNotifications({ topics: [`${events}-1`, `${events}-2`], pool: 'theirs' });
    await getNotifier({ service: 'node' }).info({}, 'from-node', {});
    await python.notify({
      topic: null,
      driver: null,
      publisherId: 'python.theirs',
      eventType: 'from-python',
      payload: {},
    });
    const both = [...Array(2).fill(['node.ours', 'from-node']), ...Array(2).fill(['python.theirs', 'from-python'])];
    await eventually(async () => {
      expect(received.toSorted()).toEqual(both);
      const records = await python.receivedNotifications();
      expect(records.map(({ publisherId, eventType }) => [publisherId, eventType]).toSorted()).toEqual(both);
    });
    await Promise.all([listener.stop(), theirs.stop()]);
  });

  it('tells oslo-rpc the broker, the exchange and the timeout', async () => {
    const file = ['--config-file', String(options.configFiles)];
    const call = (...args: string[]) => osloRpc(['call', ...file, '--topic', topic, ...args, 'whoami']);
    expect(await call('--server', 'theirs')).toEqual({ code: 0, stdout: '"theirs"\n', stderr: '' });
    // Flags win, and later files.
    expect(await call('--server', 'theirs', '--exchange', uniqueTopic('other'))).toMatchObject({ code: 4 });
    folder.write('conf.d/10.conf', '[DEFAULT]\nrpc_response_timeout = soon');
    const later = await call('--config-dir', folder.write('conf.d/README', '').replace('/README', ''));
    expect(later).toMatchObject({ code: 2, stdout: '' });
    expect(later.stderr).toMatch(
      /^ConfigurationError: \/.*10\.conf:2: \[DEFAULT\] rpc_response_timeout: expected an integer; got "soon"\n$/,
    );
  });
});
