import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onTerminal, osloRpc } from '../../support/command.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { PythonPeer } from '../../support/python-peer.js';
import { silent } from '../../support/silent.js';

/** Longer than any test where the servers are known; where they are not, the time that a command waits for answers. */
const [KNOWN, UNKNOWN] = ['1m', '2s'];

class Calculator {
  readonly target = new Target({ namespace: 'math', version: '1.2' });

  add(_ctxt: unknown, { a, b }: { a: number; b: number }): number {
    return a + b;
  }

  fail(): never {
    throw new RangeError('no');
  }
}

describeWithPython('oslo-rpc', { concurrent: true }, () => {
  const [mixed, python] = [uniqueTopic('mixed'), uniqueTopic('python')];
  const transport = getRpcTransport({
    transportUrl: rabbitUrl || 'memory://',
    rpcDiscoveryEnabled: true,
    logger: silent,
  });
  let peer: PythonPeer;

  /** Runs a command on a topic. */
  const run = (command: string, topic: string, ...flags: string[]) =>
    osloRpc([command, '--url', rabbitUrl, '--topic', topic, ...flags]);

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, { logLevel: 'CRITICAL' });
    await peer.startServer({ topic: mixed, server: 'theirs' });
    await peer.startServer({ topic: python, server: 'theirs' });
    await getRpcServer(transport, new Target({ topic: mixed, server: 'ours' }), [new Calculator()]).start();
    const request = { topic: mixed, server: 'ours', namespace: 'math', version: '1.2' };
    await peer.call({ ...request, method: 'add', args: { a: 1, b: 2 } });
    await peer.call({ ...request, method: 'fail' }).catch(() => undefined);
  });
  afterAll(async () => {
    await transport.cleanup();
    await peer?.kill();
  });

  it('lists the servers of a topic', async () => {
    const { code, stdout, stderr } = await run('list', mixed, '--timeout', UNKNOWN);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^TOPIC +EXCHANGE +SERVER +LIBRARY +SERVES$/),
      expect.stringMatching(/^mixed-\w+ +tacker +ours +nestjs-oslo-messaging [\d.]+ +1\.2 of math \(2 methods\)$/),
      expect.stringMatching(/^mixed-\w+ +tacker +\? +Python or older +1 server$/),
      '',
    ]);
    expect(stderr).toMatch(/^Servers in Python.*--management-url.*\n$/);
    expect(code).toBe(0);
  });

  it('lists one server, as JSON', async () => {
    const { code, stdout, stderr } = await run('list', mixed, '--server', 'ours', '--timeout', KNOWN, '--json');
    const info = expect.objectContaining({ server: 'ours', topic: mixed });
    expect(JSON.parse(stdout)).toEqual([
      { topic: mixed, exchange: 'tacker', servers: [{ server: 'ours', state: 'answered', info }], unnamed: 0 },
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const theirs = await run('list', mixed, '--server', 'theirs', '--timeout', KNOWN);
    expect(theirs).toMatchObject({ code: 0, stdout: expect.stringMatching(/ theirs +Python or older\n$/) });
  });

  it('describes methods and counts', async () => {
    const { code, stdout, stderr } = await run('describe', mixed, '--server', 'ours', '--timeout', KNOWN);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^Server ours of mixed-\w+, exchange tacker, on the machine \S+$/),
      expect.stringMatching(
        /^ {2}nestjs-oslo-messaging [\d.]+, Node\.js [\d.]+, since \S+, at-most-once, 0 of 64 slots used$/,
      ),
      '  version 1.2, namespace math',
      expect.stringMatching(/^ {4}add\(…\) {3}1 request, p50 [\d.]+ ms, p99 [\d.]+ ms$/),
      expect.stringMatching(/^ {4}fail\(…\) {2}1 request, failed: ValueError 1, p50/),
      '',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('shows the exchange that servers report', async () => {
    const topic = uniqueTopic('elsewhere');
    const server = getRpcServer(transport, new Target({ topic, server: 'far', exchange: 'openstack' }), [
      new Calculator(),
    ]);
    await server.start();
    const [table, json, asked] = await Promise.all([
      run('list', topic, '--timeout', UNKNOWN),
      run('list', topic, '--timeout', UNKNOWN, '--json'),
      run('list', topic, '--timeout', UNKNOWN, '--exchange', 'openstack'),
    ]);
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/^elsewhere-\w+ +openstack +far /m) });
    expect(JSON.parse(json.stdout)).toMatchObject([{ exchange: 'openstack', servers: [{ server: 'far' }] }]);
    const remark = new RegExp(`^The topic "${topic}" .* "tacker", but servers report "openstack": give --exchange`);
    expect([table.stderr, json.stderr]).toEqual([expect.stringMatching(remark), expect.stringMatching(remark)]);
    expect(asked).toMatchObject({ code: 0, stdout: table.stdout, stderr: '' });
  });

  it('shows a line of progress on a terminal, and removes it', async () => {
    const args = ['list', '--url', rabbitUrl, '--topic', mixed, '--server', 'ours', '--timeout', KNOWN];
    const { stdout } = await onTerminal(args);
    expect(stdout).toContain(`Asking the server ours of topic ${mixed}, up to 60 s …\r\u001b[K`);
  });

  it('describes all servers of a topic, as JSON', async () => {
    const { code, stdout, stderr } = await run('describe', mixed, '--timeout', UNKNOWN, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      servers: [{ info: { server: 'ours' }, stats: { methods: [{ calls: 1 }, { errors: { ValueError: 1 } }] } }],
      others: 1,
    });
    expect(stderr).toMatch(/^1 server answers NoSuchMethod: Python or older/);
    expect(code).toBe(0);
  });

  it('names a server in Python', async () => {
    const outcome = await run('describe', python, '--server', 'theirs', '--timeout', KNOWN);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toBe('1 server answers NoSuchMethod: Python or older, or without rpcDiscoveryEnabled\n');
  });

  it.each([
    ['list without a topic', ['list', '--url', 'rabbit://localhost'], 2, /no topic: .*--management-url/],
    ['describe without a topic', ['describe', '--url', 'rabbit://localhost'], 2, /no topic/],
    [
      'list of a server without its topic',
      ['list', '--server', 'x', '--url', 'rabbit://localhost', '--management-url', 'http://localhost:1'],
      2,
      /--topic/,
    ],
    [
      'list of a topic without servers',
      ['list', '--url', rabbitUrl, '--topic', uniqueTopic()],
      4,
      /^MessageUndeliverable: No server/,
    ],
    [
      'describe of a topic without servers',
      ['describe', '--url', rabbitUrl, '--topic', uniqueTopic()],
      4,
      /^MessageUndeliverable: No server/,
    ],
    [
      'list of a server that does not run',
      ['list', '--url', rabbitUrl, '--topic', uniqueTopic(), '--server', 's'],
      4,
      /Undeliverable/,
    ],
    ['list without a broker', ['list', '--url', 'rabbit://127.0.0.1:1', '--topic', 't'], 4, /^MessageDeliveryFailure/],
    [
      'list without a management API',
      ['list', '--url', rabbitUrl, '--management-url', 'http://127.0.0.1:1'],
      4,
      /the management API at 127\.0\.0\.1:1 failed/,
    ],
  ])('refuses %s', async (_name, args, code, reason) => {
    const outcome = await osloRpc(args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toMatch(reason);
  });
});
