import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  getRpcServer,
  getRpcTransport,
  NoOpSerializer,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../../testkit/free-port.js';
import { connectionBlocked } from '../../support/amqp-frames.js';
import { osloRpc } from '../../support/command.js';
import {
  describeWithPython,
  describeWithRabbit,
  rabbitPort,
  rabbitUrl,
  uniqueTopic,
} from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';
import { silent } from '../../support/silent.js';
import { Stopwatch } from '../../support/stopwatch.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

type Args = Record<string, unknown>;

/** Methods of the Python peer's endpoints that these tests call. */
class Reference {
  target = new Target({ version: '1.5' });
  readonly recorded: Args[] = [];

  constructor(private readonly server: string) {}

  echo(_ctxt: unknown, args: Args): Args {
    return args;
  }

  context(ctxt: unknown): unknown {
    return ctxt;
  }

  whoami(): string {
    return this.server;
  }

  fail(_ctxt: unknown, { message }: Args): never {
    throw new RangeError(String(message));
  }

  async slow(_ctxt: unknown, { seconds }: Args): Promise<unknown> {
    await sleep(Number(seconds) * 1000);
    return seconds;
  }

  record(_ctxt: unknown, args: Args): void {
    this.recorded.push(args);
  }
}

class Namespaced {
  target = new Target({ namespace: 'ns', version: '2.3' });

  where(): string {
    return 'ns 2.3';
  }
}

interface Peer {
  /** Arguments of every `record`, on all servers. */
  recorded(): Promise<Args[]>;
  stop(): Promise<void>;
}

const peers = {
  async Python(topic: string, exchange: string): Promise<Peer> {
    const python = await PythonPeer.start(rabbitUrl, { rpcPing: true });
    for (const server of ['s1', 's2']) await python.startServer({ topic, exchange, server });
    return {
      recorded: async () => (await python.receivedRpcs('record')).map(({ args }) => args),
      // Not an orderly stop: that would wait for the reply to the call that timed out.
      stop: () => python.kill(),
    };
  },
  async Node(topic: string, exchange: string): Promise<Peer> {
    const transport: Transport = getRpcTransport({
      transportUrl: rabbitUrl,
      rpcPingEnabled: true,
      logger: { debug() {}, log() {}, warn() {}, error() {} },
    });
    const references = [new Reference('s1'), new Reference('s2')];
    const servers: RPCServer[] = references.map((reference, index) =>
      getRpcServer(transport, new Target({ topic, exchange, server: `s${index + 1}` }), [reference, new Namespaced()], {
        serializer: new NoOpSerializer(),
      }),
    );
    await Promise.all(servers.map((server) => server.start()));
    return {
      recorded: async () => references.flatMap((reference) => reference.recorded),
      stop: async () => {
        await Promise.all(servers.map((server) => server.stop({ graceful: false })));
        await transport.cleanup();
      },
    };
  },
};

describeWithPython.each(Object.entries(peers))('oslo-rpc against a %s server', (_name, start) => {
  const topic = uniqueTopic();
  const exchange = uniqueTopic('exchange');
  const where = ['--url', rabbitUrl, '--topic', topic, '--exchange', exchange, '--timeout', '20s'];
  let peer: Peer;

  beforeAll(async () => {
    peer = await start(topic, exchange);
  });

  afterAll(() => peer?.stop());

  const call = (...args: string[]) => osloRpc(['call', ...where, ...args]);

  it('prints nothing but the result, as JSON', async () => {
    const args = '{"text":"naïve ☃","list":[1,2.5,true,null],"object":{"a":{}}}';
    expect(await call('echo', args)).toEqual({ code: 0, stdout: `${args}\n`, stderr: '' });
  });

  it('prints results and errors as one document with --json', async () => {
    const [result, failure] = await Promise.all([
      call('--json', 'echo', 'a=1'),
      call('--json', 'fail', 'kind=ValueError', 'message=no'),
    ]);
    expect([result.code, JSON.parse(result.stdout)]).toEqual([
      0,
      { result: { a: 1 }, durationMs: expect.any(Number) as number },
    ]);
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringMatching(/^RemoteError: ValueError no/) as string });
    expect(JSON.parse(failure.stdout)).toEqual({
      error: {
        name: 'RemoteError',
        code: 'REMOTE',
        message: expect.stringContaining('no') as string,
        excType: 'ValueError',
        value: 'no',
        traceback: expect.arrayContaining([expect.any(String)]) as string[],
      },
      exitCode: 1,
    });
  });

  it('keeps integers of any size in both directions', async () => {
    const args = '{"big":1152921504606846976,"bigger":-340282366920938463463374607431768211456}';
    expect(await call('echo', args)).toEqual({ code: 0, stdout: `${args}\n`, stderr: '' });
  });

  it('sends an empty object without arguments', async () => {
    expect(await call('echo')).toEqual({ code: 0, stdout: '{}\n', stderr: '' });
  });

  it('sends the context that --context gives', async () => {
    const { code, stdout } = await call(
      '--context',
      '{"user_id":"u1","roles":["a","b"],"n":9007199254740993}',
      'context',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ user_id: 'u1', roles: ['a', 'b'] });
    expect(stdout).toContain('9007199254740993');
  });

  it('takes members, files and standard input', async () => {
    expect(await call('echo', 'text=naïve ☃', 'n=3', 'list:=[1]')).toMatchObject({
      stdout: '{"text":"naïve ☃","n":3,"list":[1]}\n',
    });
    const { stdout } = await osloRpc(
      ['call', ...where, '--context', 'user_id=u2', '--context', 'roles=["a"]', 'context', '-'],
      {},
      { input: '{}' },
    );
    expect(JSON.parse(stdout)).toMatchObject({ user_id: 'u2', roles: ['a'] });
  });

  it('reaches one server with --server', async () => {
    expect((await call('--server', 's2', 'whoami')).stdout).toBe('"s2"\n');
    expect((await call('--server', 's1', 'whoami')).stdout).toBe('"s1"\n');
  });

  it('names namespace and version', async () => {
    expect(await call('--namespace', 'ns', '--version', '2.1', 'where')).toMatchObject({
      code: 0,
      stdout: '"ns 2.3"\n',
    });
    const tooNew = await call('--namespace', 'ns', '--version', '2.4', 'where');
    expect(tooNew).toMatchObject({ code: 1, stdout: '' });
    expect(tooNew.stderr).toMatch(/^RemoteError: .*UnsupportedVersion.*\n$/);
  });

  it('exits with 1 and one line for a remote error', async () => {
    const { code, stdout, stderr } = await call('fail', '{"kind":"ValueError","message":"bad\\nvalue"}');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('RemoteError: ValueError bad value\n');
  });

  it('exits with 3 when there is no reply within --timeout', async () => {
    const begun = performance.now();
    const { code, stdout, stderr } = await call('--timeout', '6s', 'slow', '{"seconds": 30}');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^MessagingTimeout: .*slow.*\n$/);
    expect(performance.now() - begun).toBeLessThan(28_000);
  });

  it('exits with 4 for an undeliverable message', async () => {
    for (const wrong of [
      ['--topic', 'nobody'],
      ['--server', 's3'],
      ['--exchange', uniqueTopic('other')],
    ]) {
      const { code, stdout, stderr } = await call(...wrong, 'whoami');
      expect({ wrong, code, stdout }).toEqual({ wrong, code: 4, stdout: '' });
      expect(stderr).toMatch(/^MessageUndeliverable: .*\n$/);
    }
  });

  it('casts to one server, and to all with --fanout, and prints nothing', async () => {
    const silentSuccess = { code: 0, stdout: '', stderr: '' };
    expect(await osloRpc(['cast', ...where, 'record', '{"to":"one"}'])).toEqual(silentSuccess);
    expect(await osloRpc(['cast', ...where, '--fanout', 'record', '{"to":"all"}'])).toEqual(silentSuccess);
    const json = await osloRpc(['cast', ...where, '--json', 'record', '{"to":"json"}']);
    expect(JSON.parse(json.stdout)).toEqual({ confirmed: true, durationMs: expect.any(Number) as number });
    await eventually(async () => {
      const recorded = await peer.recorded();
      expect(recorded.map(({ to }) => to).sort()).toEqual(['all', 'all', 'json', 'one']);
    });
  });

  it('pings', async () => {
    expect(await osloRpc(['ping', ...where, '--server', 's1'])).toEqual({ code: 0, stdout: '"pong"\n', stderr: '' });
  });

  it('reads the broker from TRANSPORT_URL, and prefers --url', async () => {
    const args = ['call', '--topic', topic, '--exchange', exchange, '--server', 's1', 'whoami'];
    expect(await osloRpc(args, { TRANSPORT_URL: rabbitUrl })).toMatchObject({ code: 0, stdout: '"s1"\n' });
    const elsewhere = { TRANSPORT_URL: `rabbit://guest:guest@127.0.0.1:${await freePort()}/` };
    expect(await osloRpc([...args, '--url', rabbitUrl], elsewhere)).toMatchObject({ code: 0, stdout: '"s1"\n' });
    expect(await osloRpc(args, elsewhere)).toMatchObject({ code: 4, stdout: '' });
  });
});

describeWithRabbit('oslo-rpc and an unusable broker', { concurrent: true }, () => {
  const unreachable = async (url: string, ...more: string[]) => {
    const outcome = await osloRpc(['call', '--url', url, '--topic', 't', ...more, 'm']);
    expect(outcome).toMatchObject({ code: 4, stdout: '' });
    expect(outcome.stderr).toMatch(/^MessageDeliveryFailure: [^\n]*\n$/);
    expect(outcome.stderr).not.toContain('s3cret');
    return outcome.stderr;
  };

  it('exits with 4 and names an unknown host', async () => {
    expect(await unreachable('rabbit://me:s3cret@no-such-host.invalid/')).toContain('no-such-host.invalid');
  });

  it('exits with 4 for a port without a broker', async () => {
    expect(await unreachable(`rabbit://me:s3cret@127.0.0.1:${await freePort()}/`)).toContain('ECONNREFUSED');
  });

  it('exits with 4 for a wrong password', async () => {
    expect(await unreachable(rabbitUrl.replace('guest:guest', 'guest:s3cret'))).toContain('ACCESS_REFUSED');
  });

  it('exits with 3 and names the alarm when the broker blocks publishing', async () => {
    const topic = uniqueTopic('alarm');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [
      { hold: () => new Promise(() => undefined) },
    ]);
    await server.start();
    const proxy = await TcpProxy.start(rabbitPort);
    proxy.observe('toServer', (chunk) => {
      if (!chunk.includes('oslo.message')) return;
      for (const link of proxy.links) link.inject('toClient', connectionBlocked('low on memory'));
    });
    try {
      const outcome = await osloRpc(['call', '--url', proxy.url, '--topic', topic, '--timeout', '6s', 'hold']);
      expect(outcome).toMatchObject({ code: 3, stdout: '' });
      expect(outcome.stderr).toMatch(
        /^MessagingTimeout: [^\n]*the broker blocks publishing \(low on memory\)[^\n]*\n$/,
      );
    } finally {
      await proxy.close();
      await server.stop({ graceful: false });
      await transport.cleanup();
    }
  });

  it('exits with 3 at the deadline although the broker lets nothing go', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    let watch: Stopwatch | undefined;
    // After the handshake, with the reply queue of the call.
    proxy.observe('toServer', (chunk) => {
      if (watch || !chunk.includes('reply_')) return;
      watch = new Stopwatch();
      proxy.stall();
    });
    try {
      const outcome = await osloRpc(['call', '--url', proxy.url, '--topic', 't', '--timeout', '6s', 'm']);
      expect(outcome).toMatchObject({ code: 3, stdout: '' });
      expect(outcome.stderr).toMatch(/^MessagingTimeout: [^\n]*\n$/);
      // To wait for the broker would take 5 s more.
      expect(watch?.stop()).toBeLessThan(9500);
    } finally {
      await proxy.close();
    }
  });

  it('has doctor name each host that cannot be used, and why', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    // Each connection of its own: the others have yet to log in.
    proxy.observe('toServer', (chunk, link) => chunk.includes('reply_') && link.die());
    const down = await freePort();
    const doctor = (url: string) => osloRpc(['doctor', '--url', url, '--topic', uniqueTopic(), '--timeout', '4s']);
    try {
      const one = await doctor(`${rabbitUrl.replace(/\/$/, '')},guest:guest@127.0.0.1:${down}/`);
      expect(one).toMatchObject({ code: 1 });
      const [first, ...others] = one.stdout.trimEnd().split('\n');
      expect(first).toContain(
        `unavailable  host 127.0.0.1:${down}: connect ECONNREFUSED 127.0.0.1:${down}. Nothing listens`,
      );
      expect(others.length).toBeGreaterThan(0);
      for (const line of others) expect(line).toMatch(/^(as asked|absent) /);
      const all = await doctor(`rabbit://guest:guest@127.0.0.1:${proxy.port},guest:guest@127.0.0.1:${down}/`);
      expect(all).toMatchObject({ code: 4, stdout: '' });
      expect(all.stderr).toContain(`host 127.0.0.1:${proxy.port}: it confirms nothing`);
      expect(all.stderr).toContain(`host 127.0.0.1:${down}: connect ECONNREFUSED`);
    } finally {
      await proxy.close();
    }
  });

  it('exits with 4, not with 3, when the broker never speaks', async () => {
    const silentServer = createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => silentServer.once('listening', resolve));
      const address = silentServer.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      await unreachable(`rabbit://me:s3cret@127.0.0.1:${port}/`, '--timeout', '1s');
    } finally {
      silentServer.close();
    }
  });
});
