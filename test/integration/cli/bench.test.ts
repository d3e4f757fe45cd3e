import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRpcClient, getRpcServer, getRpcTransport, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchReport } from '../../../lib/cli/bench/bench-report.js';
import { freePort } from '../../../testkit/free-port.js';
import { Child } from '../../support/child.js';
import { COMMAND, onTerminal, osloRpc, osloRpcProcess } from '../../support/command.js';
import { describeWithRabbit, rabbitControl, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { latch } from '../../support/latch.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const bench = (...flags: string[]) => osloRpc(['bench', '--url', rabbitUrl, '--timeout', '30s', ...flags]);

/** Line of a server of its own at a broker that denies transient queues: it says so once. */
const DENIAL = /^The broker denies transient queues: .*\n/m;

/** Runs a load, which ends with a code. */
async function reportOf(flags: readonly string[], exitCode = 0): Promise<BenchReport> {
  // A server of its own is a child of the process.
  const run = flags.includes('--serve') ? osloRpcProcess : osloRpc;
  const { code, stdout, stderr } = await run(['bench', '--url', rabbitUrl, '--timeout', '30s', ...flags, '--json']);
  expect({ code, stderr: stderr.replace(DENIAL, '') }).toEqual({ code: exitCode, stderr: '' });
  return JSON.parse(stdout) as BenchReport;
}

function checkFigures({ requests, latency, distribution, seconds, throughput }: BenchReport): void {
  expect(requests.sent).toBe(requests.succeeded + requests.failed + requests.cancelled);
  expect(throughput * seconds).toBeCloseTo(requests.succeeded, 3);
  expect(distribution.reduce((sum, { count }) => sum + count, 0)).toBe(requests.succeeded + requests.failed);
  const { mean, ...ascending } = latency ?? {};
  const values = Object.values(ascending);
  expect(values.length).toBe(7);
  expect(values).toEqual(values.toSorted((one, other) => one - other));
  expect(values[0]).toBeGreaterThan(0);
  expect(mean).toBeGreaterThanOrEqual(values[0] ?? 0);
}

describeWithRabbit('oslo-rpc bench on a demonstration server', () => {
  const topic = uniqueTopic('bench');
  const where = ['--topic', topic];
  let transport: Transport;
  let server: Child;

  const counts = () =>
    getRpcClient(transport, new Target({ topic }), { timeout: 30 }).call<{
      requests: Record<string, { handled: number; failed: number }>;
    }>({}, 'counts');
  const echoes = async () => (await counts()).requests['echo']?.handled ?? 0;

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    server = new Child(COMMAND, ['serve', '--url', rabbitUrl, ...where, '--server', 's1', '--quiet']);
    await server.prints(/To try in another terminal/);
  });

  afterAll(async () => {
    await server?.stop();
    await transport?.cleanup();
  });

  it('sends the exact number of calls, and its figures are those of the server', async () => {
    const before = await echoes();
    const report = await reportOf([
      ...where,
      '--count',
      '300',
      '--size',
      '2k',
      '--clients',
      '2',
      '--check',
      'errors<=0',
    ]);
    expect(report).toMatchObject({
      mode: 'call',
      method: 'echo',
      size: 2048,
      warmup: { sent: 0 },
      requests: { sent: 300, succeeded: 300, failed: 0, cancelled: 0, notSent: 0 },
      handled: 300,
      waiting: 0,
      measured: { from: 'sent', to: 'result' },
      checks: [{ check: 'errors<=0', value: 0, passed: true }],
    });
    checkFigures(report);
    expect(await echoes()).toBe(before + 300);
  });

  it('warms up apart, and waits until the casts are handled', async () => {
    const before = await echoes();
    const flags = [...where, '--mode', 'cast', '--for', '500ms', '--warmup', '200ms', '--server', 's1'];
    const report = await reportOf(flags);
    checkFigures(report);
    expect(report.measured.to).toBe('confirmation');
    expect(report.warmup.sent).toBeGreaterThan(0);
    expect(report.handled).toBe(report.warmup.sent + report.requests.sent);
    expect(await echoes()).toBe(before + report.warmup.sent + report.requests.sent);
  });

  it('sends given arguments and context to a given method, and counts its errors by class', async () => {
    const report = await reportOf([...where, '--method', 'divide', '--count', '40', 'a=1', 'b=0'], 1);
    expect(report.requests).toMatchObject({ sent: 40, succeeded: 0, failed: 40 });
    expect(report.throughput).toBe(0);
    expect(report.errors).toEqual([
      {
        name: 'RemoteError ZeroDivisionError',
        count: 40,
        example: 'Remote error: ZeroDivisionError division by zero',
      },
    ]);
    expect(report.latency).not.toBeNull();
    expect((await counts()).requests['divide']).toEqual({ handled: 40, failed: 40 });
  });

  it('prints latencies, a distribution and failed thresholds for people', async () => {
    const { code, stdout, stderr } = await bench(
      ...where,
      '--count',
      '50',
      '--check',
      'p99<1m',
      '--check',
      'p50<0.001ms',
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^calls of echo to topic .*: 10 in flight\n/);
    expect(stdout).toMatch(/50 answered in .* per second\n50 sent, 0 failed\n50 of 50 handled by the servers\n/);
    expect(stdout).toMatch(/Latency from sending to the result\n +min +mean +p50 +p90 +p95 +p99 +p99\.9 +max\n/);
    expect(stdout).toMatch(/^ {2}< +[\d.]+ m?s {2}[█▉▊▋▌▍▎▏]+ +\d+ +\d/m);
    expect(stdout).toMatch(/^passed {2}p99<1m/m);
    expect(stdout).toMatch(/^FAILED {2}p50<0\.001ms {2}[\d.]+ ms$/m);
  });

  it('writes a row a second and one with the total as CSV', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const file = join(folder, 'load.csv');
      const report = await reportOf([...where, '--rate', '50/s', '--for', '2s', '--warmup', '0', '--csv', file]);
      const [header, ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\n');
      expect(header).toBe(
        'time,second,sent,succeeded,failed,rate,min_ms,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99.9_ms,max_ms',
      );
      const cells = rows.map((row) => row.split(','));
      expect(cells.length).toBeGreaterThanOrEqual(2);
      const total = cells.pop();
      expect(total?.slice(1, 5)).toEqual(['total', '100', '100', '0']);
      expect(cells.reduce((sum, [, , sent]) => sum + Number(sent), 0)).toBe(100);
      expect(report.requests).toMatchObject({ sent: 100, succeeded: 100 });
      expect(report.latencyFromSending).not.toBeNull();
    } finally {
      await rm(folder, { recursive: true });
    }
    expect((await bench(...where, '--count', '1', '--csv', '/no/such/folder/a.csv')).stderr).toMatch(
      /^UsageError: --csv: there is no folder/,
    );
  });

  it('prints the figures so far at Ctrl-C', async () => {
    const before = await echoes();
    const load = new Child(COMMAND, ['bench', '--url', rabbitUrl, ...where, '--for', '1h', '--warmup', '0']);
    try {
      await eventually(async () => expect(await echoes()).toBeGreaterThan(before + 20));
      load.signal('SIGINT');
      expect(await load.exit()).toBe(130);
      expect(load.output).toMatch(/Interrupted: measured so far\n[\d,]+ answered in .*\n[\d,]+ sent, 0 failed/);
      expect(load.output).toMatch(/Latency from sending to the result/);
    } finally {
      await load.stop();
    }
  });

  it('goes on after a lost connection, and accounts for each message', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    const before = await echoes();
    const flags = ['--url', proxy.url, ...where, '--rate', '100', '--for', '3s', '--warmup', '0', '--json'];
    const running = osloRpc(['bench', ...flags]);
    try {
      await eventually(async () => expect(await echoes()).toBeGreaterThan(before + 20));
      const atCut = await echoes();
      proxy.cut();
      await eventually(async () => expect(await echoes()).toBeGreaterThan(atCut + 20));
      const { code, stdout } = await running;
      expect(code).toBe(0);
      const { requests, errors } = JSON.parse(stdout) as BenchReport;
      expect(requests.sent + requests.notSent).toBe(300);
      expect(requests.succeeded + requests.failed).toBe(requests.sent);
      expect(errors.reduce((sum, { count }) => sum + count, 0)).toBe(requests.failed);
    } finally {
      await proxy.close();
    }
  });

  it('ends with the error where no request can succeed', async () => {
    const unknown = await bench(...where, '--method', 'nothing', '--yes');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^RemoteError: .*NoSuchMethod.*\n$/);
    const nobody = await bench('--topic', uniqueTopic('nobody'), '--yes', '--method', 'm');
    expect(nobody).toMatchObject({ code: 4, stdout: '' });
    expect(nobody.stderr).toMatch(
      /^MessageUndeliverable: Nobody consumes the queue "nobody-.*oslo-rpc serve --topic.*\n$/,
    );
    const away = await osloRpc(['bench', '--url', `rabbit://u:s3cret@127.0.0.1:${await freePort()}/`, '--topic', 't']);
    expect(away).toMatchObject({ code: 4, stdout: '' });
    expect(away.stderr).toMatch(/^MessageDeliveryFailure: [^\n]*ECONNREFUSED[^\n]*\n$/);
    expect(away.stderr).not.toContain('s3cret');
  });
});

describeWithRabbit('oslo-rpc bench with a server that is slower than the rate', () => {
  it('counts latencies from when requests were due, and those that it could not send', async () => {
    const topic = uniqueTopic('slow');
    const slow = new Child(COMMAND, [
      ...['serve', '--url', rabbitUrl, '--topic', topic, '--quiet'],
      ...['--concurrency', '1', '--delay', '40ms'],
    ]);
    try {
      await slow.prints(/To try in another terminal/);
      const load = ['--topic', topic, '--rate', '200', '--concurrency', '4', '--for', '1s', '--warmup', '0'];
      const report = await reportOf([...load, '--check', 'unsent<=0'], 1);
      // One takes 40 ms, so at most 25 of the 200 are answered in the second, and 4 after it.
      expect(report.requests.sent).toBeLessThanOrEqual(30);
      expect(report.requests.sent + report.requests.notSent).toBe(200);
      expect(report.measured.from).toBe('due');
      expect(report.latency?.max).toBeGreaterThan(report.latencyFromSending?.max ?? Number.POSITIVE_INFINITY);
      expect(report.latency?.p50).toBeGreaterThan(report.latencyFromSending?.p50 ?? Number.POSITIVE_INFINITY);
      expect(report.checks).toMatchObject([{ passed: false, value: report.requests.notSent }]);
    } finally {
      await slow.stop();
    }
  });

  it('counts the calls without an answer at Ctrl-C as cancelled, and as neither failed nor answered', async () => {
    const topic = uniqueTopic('silent');
    let received = 0;
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const hang = () => {
      received += 1;
      return released.promise;
    };
    const released = latch();
    const server = getRpcServer(transport, new Target({ topic, server: 's1' }), [{ hang }]);
    await server.start();
    const where = ['--url', rabbitUrl, '--topic', topic, '--method', 'hang', '--yes'];
    const load = new Child(COMMAND, [
      'bench',
      ...where,
      '--for',
      '1h',
      '--warmup',
      '0',
      '--concurrency',
      '7',
      '--json',
    ]);
    try {
      await eventually(() => expect(received).toBe(7), { within: 60_000 });
      load.signal('SIGINT');
      expect(await load.exit()).toBe(130);
      expect(load.output).toMatch(/"sent": ?7, ?"succeeded": ?0, ?"failed": ?0, ?"cancelled": ?7/);
      expect(load.output).toMatch(/"throughput": ?0,/);
    } finally {
      released.resolve();
      await load.stop();
      await server.stop();
      await transport.cleanup();
    }
  });
});

describeWithRabbit('oslo-rpc bench on a server that is no demonstration server', () => {
  const topic = uniqueTopic('own');
  let transport: Transport;
  let handled = 0;
  const server = () =>
    getRpcServer(transport, new Target({ topic, server: 'conductor-1' }), [
      {
        touch: () => {
          handled += 1;
        },
      },
    ]);

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcDiscoveryEnabled: true });
    await server().start();
  });

  afterAll(() => transport?.cleanup());

  it('sends nothing without a method and --yes', async () => {
    const without = await bench('--topic', topic, '--count', '5');
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toMatch(/^UsageError: no method: give --method, .*: conductor-1\n$/);
    const unasked = await bench('--topic', topic, '--count', '5', '--method', 'touch');
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toMatch(
      /^UsageError: Topic own-.* is served by conductor-1, not by .* Give --yes to load them\n$/,
    );
    const notified = await bench('--topic', topic, '--count', '5', '--mode', 'notify');
    expect(notified).toMatchObject({ code: 2, stdout: '' });
    expect(notified.stderr).toMatch(/^UsageError: Notifications .* Give --yes to load them\n$/);
    expect(handled).toBe(0);
  });

  it('loads it with --yes', async () => {
    const report = await reportOf(['--topic', topic, '--count', '70', '--method', 'touch', '--yes', '--mode', 'cast']);
    expect(report.requests).toMatchObject({ sent: 70, succeeded: 70 });
    expect(report.handled).toBe(70);
    expect(handled).toBe(70);
  });
});

describeWithRabbit('oslo-rpc bench --serve', () => {
  it('starts a server of its own, counts its notifications, and leaves nothing at the broker', async () => {
    const report = await reportOf([
      '--serve',
      '--mode',
      'notify',
      '--count',
      '200',
      '--event-type',
      'load.test',
      'a=1',
    ]);
    expect(report).toMatchObject({ ownServer: true, method: 'load.test', handled: 200 });
    expect(report.requests).toMatchObject({ sent: 200, succeeded: 200 });
    checkFigures(report);
    expect(report.topic).toMatch(/^oslo-rpc-bench-/);
    if (rabbitControl)
      for (const kind of ['queues', 'exchanges'])
        expect(await rabbitControl.rabbitmqctl(`list_${kind}`, 'name')).not.toContain(report.topic);
  });

  it('shows where the CPU of a call goes at both ends, and writes flame graphs and profiles', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-profile-'));
    try {
      const profiled = ['--serve', '--for', '1s', '--warmup', '0.2s', '--profile', '--profile-folder'];
      const { profile, requests, clientCpu, seconds } = await reportOf([...profiled, folder]);
      expect(profile?.messages).toBe(requests.succeeded);
      const { client, server } = profile ?? {};
      // The CPU is that of the load, divided among its calls.
      expect(((client?.cpuMicros ?? 0) * requests.succeeded) / (clientCpu * seconds * 1e6)).toBeCloseTo(1, 0);
      for (const it of [client, server]) {
        const groups = Object.values(it?.groups ?? {});
        expect(groups.reduce((sum, micros) => sum + micros, 0)).toBeCloseTo(it?.cpuMicros ?? Number.NaN, 3);
        expect(it?.groups.rabbit).toBeGreaterThan(0);
        expect(await readFile(it?.flameGraph ?? '', 'utf8')).toContain('this library, rabbit');
        const { nodes } = JSON.parse(await readFile(it?.cpuProfile ?? '', 'utf8')) as { nodes: unknown[] };
        expect(nodes.length).toBeGreaterThan(10);
      }
      expect(server?.groups.nestjs).toBeDefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names a folder that no profile can be written to, before it loads anything', async () => {
    const { code, stdout, stderr } = await bench('--serve', '--profile', '--profile-folder', '/nowhere/at/all');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('UsageError: --profile-folder: there is no folder /nowhere/at/all; create it first\n');
  });

  it.each([
    [['--profile', '--profile-folder', import.meta.filename], `${import.meta.filename} is no folder`],
    [['--profile-folder', '.'], 'give --profile, too'],
  ])('refuses %j before it loads anything', async (flags, reason) => {
    // No broker is there.
    const outcome = await osloRpc(['bench', '--url', 'rabbit://127.0.0.1:1/', '--topic', 't', ...flags]);
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: `UsageError: --profile-folder: ${reason}\n` });
  });

  it('leaves no server behind, however it ends', async () => {
    const topic = uniqueTopic('orphan');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const client = getRpcClient(transport, new Target({ topic, server: 'bench' }), { timeout: 30 });
    const load = new Child(COMMAND, ['bench', '--url', rabbitUrl, '--serve', '--topic', topic, '--for', '1h']);
    try {
      const { pid } = await eventually(() => client.call<{ pid: number }>({}, 'whoami'));
      expect(process.kill(pid, 0)).toBe(true);
      load.signal('SIGKILL');
      await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
    } finally {
      await load.stop();
      await transport.cleanup();
    }
  });

  it.runIf(rabbitControl)('leaves no queue behind when it is killed', async () => {
    const exchange = uniqueTopic('killed');
    const load = new Child(COMMAND, ['bench', '--url', rabbitUrl, '--serve', '--exchange', exchange, '--for', '1h']);
    const listed = async (command: string, ...columns: string[]) =>
      (await rabbitControl?.rabbitmqctl(command, ...columns)) ?? '';
    try {
      const topic = await eventually(async () => {
        const bindings = await listed('list_bindings', 'source_name', 'destination_name');
        const [, found] = new RegExp(`^${exchange}\\t(oslo-rpc-bench-\\S+)\\.bench$`, 'm').exec(bindings) ?? [];
        return found ?? expect.fail('no queue yet');
      });
      load.signal('SIGKILL');
      await eventually(async () => expect(await listed('list_queues', 'name')).not.toContain(topic));
    } finally {
      await load.stop();
    }
  });

  it('shows its progress on a terminal only', async () => {
    const flags = ['bench', '--url', rabbitUrl, '--serve', '--for', '1500ms', '--warmup', '0'];
    const { code, stdout } = await onTerminal(flags);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\r\u001b\[K1 s of 1\.5 s {2}[\d,]+\/s {2}p50 .* in flight/);
    expect(stdout).toMatch(/calls of echo to a demonstration server of its own: 10 in flight/);
  });
});

describe('oslo-rpc bench and a wrong command line', () => {
  const target = ['--url', 'rabbit://me:s3cret@127.0.0.1:1/', '--topic', 't'];

  it.each([
    [['--mode', 'flood'], /--mode: expected call, cast or notify; got "flood"/],
    [['--rate', '0/s'], /--rate: expected more than 0 such as 10, 10\/s or 600\/m, at most 100000\/s; got "0\/s"/],
    [['--for', '0'], /--for: expected more than 0/],
    [['--for', '25h'], /--for: .* at most 24 h/],
    [['--size', '1g'], /--size: expected a size of up to \d+ bytes/],
    [['--concurrency', '-1'], /--concurrency: expected a whole number/],
    [['--check', 'p99<50'], /--check: expected a latency with a unit/],
    [['--mode', 'notify', '--method', 'm'], /--method is for calls and casts; give --event-type/],
    [['a'], /ARGUMENTS: expected key=value/],
  ] as const)('exits with 2 for %j', async (flags, message) => {
    const outcome = await osloRpc(['bench', ...target, ...flags]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^UsageError: [^\n]*\n$/);
    expect(outcome.stderr).toMatch(message);
  });
});
