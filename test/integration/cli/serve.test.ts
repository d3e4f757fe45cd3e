import {
  discoverServers,
  discoverStats,
  getNotificationTransport,
  getRpcClient,
  getRpcTransport,
  Notifier,
  RemoteError,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../testkit/free-port.js';
import { Child } from '../../support/child.js';
import { COMMAND, osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const READY = /To try in another terminal/;

function serve(topic: string, ...flags: string[]): Child {
  return new Child(COMMAND, ['serve', '--url', rabbitUrl, '--topic', topic, '--server', 's1', ...flags]);
}

describeWithRabbit('oslo-rpc serve', () => {
  const topic = uniqueTopic('demo');
  const exchange = uniqueTopic('exchange');
  let transport: Transport;
  let server: Child;
  let client: RPCClient;

  const clientOf = (of: string, where = 'tacker') =>
    getRpcClient(transport, new Target({ topic: of, exchange: where, server: 's1' }), { timeout: 30 });
  /** Returns the number of requests in work. */
  const used = async (of: string) => {
    const { servers } = await discoverStats(transport, new Target({ topic: of, server: 's1' }), { timeout: 30 });
    return servers[0]?.concurrency.used;
  };
  const call = (method: string, args: object = {}, context: object = {}) => client.call(context, method, args);

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    client = clientOf(topic, exchange);
    server = serve(topic, '--exchange', exchange, '--json', '--notifications');
    await server.prints(READY);
  });

  afterAll(async () => {
    await server?.stop();
    await transport?.cleanup();
  });

  it('answers its methods', async () => {
    expect(await call('echo', { text: 'naïve ☃', list: [1, null] })).toEqual({ text: 'naïve ☃', list: [1, null] });
    expect(await call('add', { a: 2, b: 0.5 })).toBe(2.5);
    expect(await call('add', { a: 2n ** 60n, b: 1 })).toBe(2n ** 60n + 1n);
    expect(await call('divide', { a: 1, b: 4 })).toBe(0.25);
    expect(await call('sleep', { seconds: 0.01 })).toBe(0.01);
    expect(await call('payload', { size: 1000 })).toBe('x'.repeat(1000));
    expect(await call('whoami')).toMatchObject({ server: 's1' });
  });

  it.each([
    ['divide', { a: 1, b: 0 }, 'ZeroDivisionError', 'division by zero'],
    ['fail', { error: 'KeyError', message: 'lost' }, 'KeyError', 'lost'],
    ['fail', {}, 'RuntimeError', 'it was asked to fail'],
    ['fail', { error: 'constructor' }, 'ValueError', /^error: expected one of ValueError, /],
    ['add', { a: 1 }, 'TypeError', /missing 1 required positional argument: 'b'/],
    ['add', { a: 1, b: 2, c: 3 }, 'TypeError', /unexpected keyword argument 'c'/],
    ['add', { a: '1', b: 2 }, 'TypeError', 'a: expected a number; got "1"'],
    ['sleep', { seconds: -1 }, 'ValueError', /^seconds: expected 0 to 3600/],
    ['payload', { size: 1e12 }, 'ValueError', /^size: expected 0 to /],
    ['nothing', {}, 'NoSuchMethod', /nothing/],
  ])('fails as Python does: %s %j', async (method, args, excType, message) => {
    const error = await call(method, args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType, value: expect.stringMatching(message) });
  });

  it('describes its methods with their arguments, and answers pings', async () => {
    const where = ['--url', rabbitUrl, '--topic', topic, '--exchange', exchange, '--server', 's1'];
    const { code, stdout } = await osloRpc(['describe', ...where]);
    expect(code).toBe(0);
    for (const signature of ['add(a, b)', 'divide(a, b)', 'sleep(seconds)', 'fail([message], [error])', 'counts()'])
      expect(stdout).toContain(signature);
    expect((await osloRpc(['ping', ...where])).stdout).toBe('"pong"\n');
  });

  it('writes one line for each request, without secrets', async () => {
    await call('echo', { password: 's3cret', n: 1 }, { request_id: 'req-line', auth_token: 's3cret' });
    const [line] = await server.prints(/^\{.*req-line.*\}$/m);
    expect(JSON.parse(line)).toMatchObject({
      kind: 'call',
      method: 'echo',
      args: '{"password":"***","n":1}',
      requestId: 'req-line',
      error: null,
    });
    expect(server.output).not.toContain('s3cret');
  });

  it('counts requests and notifications', async () => {
    const before = (await call('counts')) as { requests: Record<string, { handled: number; failed: number }> };
    await call('echo');
    await client.cast({}, 'echo', {});
    await call('divide', { a: 1, b: 0 }).catch(() => undefined);
    const notifications = getNotificationTransport({
      transportUrl: rabbitUrl,
      controlExchange: exchange,
      logger: silent,
    });
    try {
      await new Notifier(notifications, { topics: [topic] }).info({}, 'vnf.created', { token: 's3cret' });
    } finally {
      await notifications.cleanup();
    }
    await eventually(async () => {
      const { requests, notifications: received } = (await call('counts')) as typeof before & { notifications: number };
      expect(requests['echo']?.handled).toBe((before.requests['echo']?.handled ?? 0) + 2);
      expect(requests['divide']?.failed).toBe((before.requests['divide']?.failed ?? 0) + 1);
      expect(received).toBe(1);
    });
    await server.prints(/"kind":"notification","priority":"info","eventType":"vnf.created"/);
  });

  it('finishes its requests after SIGTERM, tells their number, and exits with 0', async () => {
    const own = uniqueTopic('demo');
    const draining = serve(own);
    try {
      await draining.prints(READY);
      const slow = clientOf(own).call({}, 'sleep', { seconds: 3 });
      await eventually(async () => expect(await used(own)).toBe(1));
      draining.signal('SIGTERM');
      await draining.prints(/Draining/);
      expect(await slow).toBe(3);
      expect(await draining.exit()).toBe(0);
      expect(draining.output).toMatch(/call {2}sleep {2}\{"seconds":3\} {2}ok in [\d.]+ s/);
      expect(draining.output).toMatch(/Served 1 request: sleep 1\n/);
    } finally {
      await draining.stop();
    }
  });

  it('ends at once at the second Ctrl-C; delays and fails requests as it is told', async () => {
    const own = uniqueTopic('demo');
    const faulty = serve(own, '--quiet', '--delay', '300ms', '--error-rate', '100%', '--concurrency', '7');
    try {
      await faulty.prints(READY);
      expect(faulty.output).toContain('Faults: each request is delayed by 300 ms; 100 % of the requests fail');
      const begun = performance.now();
      const error = await clientOf(own)
        .call({}, 'echo')
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ excType: 'RuntimeError', value: expect.stringContaining('--error-rate') });
      // A timer may end a millisecond early.
      expect(performance.now() - begun).toBeGreaterThan(295);
      expect(faulty.output).not.toContain('echo');
      faulty.signal('SIGINT');
      await faulty.prints(/Draining/);
      await faulty.exit();
    } finally {
      await faulty.stop();
    }
  });

  it('cuts off a request at the second Ctrl-C', async () => {
    const own = uniqueTopic('demo');
    const stuck = serve(own, '--delivery', 'at-least-once');
    try {
      await stuck.prints(/at least once/);
      await stuck.prints(READY);
      await clientOf(own).cast({}, 'sleep', { seconds: 3600 });
      await eventually(async () => expect(await used(own)).toBe(1));
      const { servers } = await discoverServers(transport, new Target({ topic: own, server: 's1' }), { timeout: 30 });
      expect(servers[0]?.delivery).toBe('at-least-once');
      stuck.signal('SIGINT');
      await stuck.prints(/Draining/);
      // A Ctrl-C that comes at once may be the same one, which a wrapper has passed on.
      await new Promise((resolve) => setTimeout(resolve, 400));
      stuck.signal('SIGINT');
      expect(await stuck.exit()).toBe(130);
    } finally {
      await stuck.stop();
    }
  });
});

describe('oslo-rpc serve and a wrong command line', () => {
  const url = 'rabbit://me:s3cret@127.0.0.1:1/';

  it.each([
    [[], /no topic: give --topic/],
    [['--topic', 't', '--error-rate', '2'], /--error-rate: expected a share such as 5% or 0.05; got "2"/],
    [['--topic', 't', '--delay', '2h'], /--delay: expected at most 1 h/],
    [['--topic', 't', '--delay', 'soon'], /--delay: expected .*got "soon"/],
    [['--topic', 't', '--concurrency', '0'], /--concurrency: expected a whole number of 1 to 65535; got "0"/],
    [['--topic', 't', '--delivery', 'maybe'], /--delivery: expected at-most-once or at-least-once; got "maybe"/],
    [['--topic', 't', '--quiet', '--json'], /--quiet excludes --json/],
  ] as const)('exits with 2 for %j', async (flags, message) => {
    const outcome = await osloRpc(['serve', '--url', url, ...flags]);
    const stdout = (flags as readonly string[]).includes('--json') ? expect.stringMatching(/^\{"error":/) : '';
    expect(outcome).toMatchObject({ code: 2, stdout });
    expect(outcome.stderr).toMatch(/^UsageError: [^\n]*\n$/);
    expect(outcome.stderr).toMatch(message);
  });

  it('exits with 4 where the broker cannot be reached', async () => {
    const outcome = await osloRpc([
      'serve',
      '--url',
      `rabbit://me:s3cret@127.0.0.1:${await freePort()}/`,
      '--topic',
      't',
    ]);
    expect(outcome).toMatchObject({ code: 4, stdout: '' });
    expect(outcome.stderr).toMatch(/^MessageDeliveryFailure: [^\n]*ECONNREFUSED[^\n]*\n$/);
    expect(outcome.stderr).not.toContain('s3cret');
  });
});
