import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connect } from 'amqplib';
import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { beforeEach, expect, it } from 'vitest';
import { amqpUrl } from '../../../testkit/amqp.js';
import { COMMAND, commandEnvironment, osloRpc } from '../../support/command.js';
import { describeWithRabbit, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { TappedBroker, type TappedVhost } from '../../support/tapped-broker.js';

const TOKEN = 'gAAAAAB-token-of-the-tap-command';
/** Length of what a cast says: the queue of a tap holds 3,000 such messages, and as many that were dropped. */
const TEXT_LENGTH = 5000;
const CONTEXT = { request_id: 'req-7', auth_token: TOKEN };

const broker = new TappedBroker();
let vhost: TappedVhost;
let topic: string;

/** Running command, with its output so far. */
interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly stderr: () => string;
  readonly ended: Promise<[code: number | null, signal: string | null]>;
}

/** Starts a tap. Resolves when it watches. */
async function start(...flags: string[]): Promise<Running> {
  const child = spawn(process.execPath, [COMMAND, 'tap', '--topic', topic, '--url', vhost.url, ...flags], {
    env: commandEnvironment(),
  });
  broker.defer(async () => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  await eventually(() => expect(stderr).toContain('Watching the topic'), { within: 40_000 });
  return { child, lines, stderr: () => stderr, ended };
}

const managed = () => ['--replies', '--management-url', broker.managementUrl];

async function serve(): Promise<RPCClient> {
  const options = { transportUrl: vhost.url, logger: silent, rpcResponseTimeout: 20, drainTimeout: 0.05 };
  const transport = getRpcTransport(options);
  broker.defer(() => transport.cleanup());
  const endpoint = {
    add: (_context: unknown, { a, b }: { a: number; b: number }) => a + b,
    fail: () => {
      throw new TypeError(`bad ${TOKEN}`);
    },
    wait: (_context: unknown, { ms }: { ms: number }) => new Promise((resolve) => setTimeout(resolve, ms, 'waited')),
  };
  const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]);
  broker.defer(() => server.stop());
  await server.start();
  return new RPCClient(transport, new Target({ topic }));
}

/** Publishes casts without an envelope, as fast as the broker confirms them. */
async function publish(count: number, method = 'note'): Promise<void> {
  const connection = await connect(amqpUrl(vhost.url));
  const channel = await connection.createConfirmChannel();
  const body = Buffer.from(JSON.stringify({ method, args: { text: 'x'.repeat(TEXT_LENGTH) } }));
  for (let index = 0; index < count; index++) {
    channel.publish('tacker', topic, body);
    if (index % 1000 === 999) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  await connection.close();
}

interface Summary {
  readonly type: string;
  readonly counts: Record<string, number | boolean>;
}

const jsonOf = ({ lines }: Running) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const countsOf = (running: Running) => (jsonOf(running).at(-1) as unknown as Summary).counts as Record<string, number>;

beforeEach(async () => {
  topic = uniqueTopic();
});

describeWithRabbit('oslo-rpc tap', () => {
  beforeEach(async () => {
    vhost = await broker.addVhost();
  });

  it('prints a line for each call, and a summary', async () => {
    const client = await serve();
    const tap = await start(...managed(), '--count', '3');
    await client.call(CONTEXT, 'add', { a: 1, b: 2, password: 'hunter2222' });
    await expect(client.call(CONTEXT, 'fail', {})).rejects.toThrow();
    await client.prepare({ server: 'one' }).cast(CONTEXT, 'add', { a: 5, b: 5 });
    expect(await tap.ended).toEqual([0, null]);
    expect(tap.lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d\.\d{3} +[\d.]+ m?s {2}ok +add\(\{"a":1,"b":2,"password":"\*\*\*"\}\).* from .*→ 3$/,
      ),
      expect.stringMatching(/ {2}error +fail\(\{\}\).* TypeError: bad \*\*\*$/),
      expect.stringMatching(/ {2}cast +add\(\{"a":5,"b":5\}\) @one/),
    ]);
    expect(tap.stderr()).toMatch(/Ctrl-C ends\n.*trace_off.*\n2 calls and 1 cast in .*p50/s);
    expect(tap.stderr()).toMatch(/METHOD +CALLS +CASTS/);
    expect(tap.lines.join() + tap.stderr()).not.toMatch(/gAAAAAB|hunter2222|guest:guest/);
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('prints JSON lines that match the filters, and counts the others', async () => {
    const client = await serve();
    const tap = await start(
      ...managed(),
      '--json',
      '--method',
      'w*',
      '--slow',
      '1s',
      '--context-key',
      'request_id=req-7',
    );
    await client.call(CONTEXT, 'wait', { ms: 1100 });
    await client.call(CONTEXT, 'wait', { ms: 0 });
    await client.call({}, 'wait', { ms: 1100 });
    await client.call(CONTEXT, 'add', { a: 1, b: 1 });
    await eventually(() => expect(tap.lines).toHaveLength(1));
    tap.child.kill('SIGINT');
    expect(await tap.ended).toEqual([130, null]);
    expect(jsonOf(tap)[0]).toMatchObject({ type: 'call', method: 'wait', outcome: 'result', result: 'waited' });
    expect(countsOf(tap)).toMatchObject({ calls: 4, results: 4, shown: 1, filtered: 3 });
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('turns off tracing on %s', async (signal) => {
    const tap = await start(...managed());
    expect(await broker.isTracing(vhost)).toBe(true);
    tap.child.kill(signal);
    await tap.ended;
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('ends, and turns off tracing, when the reader closes the pipe', async () => {
    const client = await serve();
    const tap = await start(...managed());
    tap.child.stdout?.destroy();
    await eventually(async () => {
      await client.call(CONTEXT, 'add', { a: 1, b: 2 });
      expect(tap.child.exitCode).toBe(0);
    });
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('leaves tracing on when it is killed, which --trace-off cures', async () => {
    const args = ['tap', '--trace-off', '--url', vhost.url, '--management-url', broker.managementUrl];
    const off = (...more: string[]) => osloRpc([...args, ...more]);
    const tap = await start(...managed());
    expect(await off('--json')).toEqual({
      code: 1,
      stdout: '{"tracing":true}\n',
      stderr: expect.stringContaining('a tap is using it') as string,
    });
    tap.child.kill('SIGKILL');
    await eventually(async () => expect(await broker.tapQueues(vhost)).toEqual([]));
    expect(await broker.isTracing(vhost)).toBe(true);
    expect(await off('--json')).toEqual({ code: 0, stdout: '{"tracing":false}\n', stderr: 'Tracing is off\n' });
    expect(await broker.isTracing(vhost)).toBe(false);
  });

  it('accounts for every message of a burst, also for those that the broker dropped', async () => {
    await serve();
    const tap = await start('--json');
    await publish(1);
    await eventually(() => expect(tap.lines).toHaveLength(1));
    // The tap stands still, so that its queue overflows. Sockets take as much of the burst as the kernel lets them; when they
    // have been full for 30 s, RabbitMQ cuts the tap off.
    tap.child.kill('SIGSTOP');
    await publish(3000);
    let sent = 3001;
    while ((await broker.droppedByTaps(vhost)) <= 1000) {
      expect(await broker.tapQueues(vhost)).not.toEqual([]);
      await publish(1500);
      sent += 1500;
    }
    tap.child.kill('SIGCONT');
    await publish(500);
    sent += 500;
    // A tap that is behind does not show every message. When it shows the last one, it has seen those before.
    await eventually(
      async () => {
        const last = `last-${++sent}`;
        await publish(1, last);
        await eventually(() => expect(tap.lines.at(-1)).toContain(last), { within: 5000 });
      },
      { within: 60_000 },
    );
    expect(tap.lines.length).toBeGreaterThan(100);
    tap.child.kill('SIGTERM');
    await tap.ended;
    const { casts = 0, shown = 0, notShown = 0, lostRequests = 0, lostIsExact } = countsOf(tap);
    expect(lostIsExact).toBe(true);
    expect(lostRequests).toBeGreaterThan(1000);
    expect(casts).toBe(shown + notShown);
    expect(tap.lines.length - 1).toBe(shown);
    expect(casts + lostRequests).toBe(sent);
  });

  it('names mistakes in the command line', async () => {
    const url = ['--url', vhost.url];
    for (const [flags, text] of [
      [[], 'no topic'],
      [['--topic', topic, '--errors'], '--errors: give --replies, too'],
      [['--topic', topic, '--slow', '1s'], '--slow: give --replies, too'],
      [['--topic', topic, '--count', '0'], '--count: expected a whole number of 1 to'],
      [['--topic', topic, '--for', 'soon'], '--for: expected'],
      [['--topic', topic, '--context-key', 'x'], '--context-key: expected key=pattern'],
    ] as const)
      expect(await osloRpc(['tap', ...flags, ...url])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(text),
      });
  });

  it('says that tracing is off, and how to turn it on', async () => {
    expect(await osloRpc(['tap', '--topic', topic, '--url', vhost.url, '--replies'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`rabbitmqctl trace_on -p ${vhost.vhost}`),
    });
  });

  it('ends after --for', async () => {
    const { code, stdout } = await osloRpc(['tap', '--topic', topic, '--url', vhost.url, '--for', '200ms', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'summary', counts: { calls: 0 }, methods: [] });
  });
});
