import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { COMMAND, commandEnvironment } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

/** Interrupts a command that has connected to a broker that does not answer. Resolves with its exit code. */
async function interruptedCode(command: readonly string[]): Promise<unknown> {
  const sockets = new Set<Socket>();
  const broker = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const url = `rabbit://127.0.0.1:${(broker.address() as AddressInfo).port}/`;
  const connected = once(broker, 'connection');
  const child = spawn(process.execPath, [COMMAND, ...command, '--url', url, '--timeout', '50s'], {
    env: commandEnvironment(),
    stdio: 'ignore',
  });
  const closed = once(child, 'close');
  await connected;
  child.kill('SIGINT');
  const [code] = (await closed) as [number | null];
  for (const socket of sockets) socket.destroy();
  broker.close();
  return code;
}

describeWithRabbit('an interrupted oslo-rpc', () => {
  const topic = uniqueTopic('interrupted');
  const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  let started = 0;
  const hold = () => {
    started++;
    return new Promise(() => undefined);
  };
  const server = getRpcServer(transport, new Target({ topic, server: 's1' }), [{ hold }]);

  beforeAll(() => server.start());

  afterAll(async () => {
    await server.stop({ graceful: false });
    await transport.cleanup();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends a waiting call by %s with %i, in silence', async (signal, code) => {
    const before = started;
    const child = spawn(process.execPath, [COMMAND, 'call', '--url', rabbitUrl, '--topic', topic, 'hold'], {
      env: commandEnvironment(),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
    await eventually(() => expect(started).toBe(before + 1), { within: 50_000 });
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(output).toBe('');
  });

  it('ends at once, with 0, when its reader has gone', async () => {
    const own = uniqueTopic('read');
    const shell = spawn(
      'bash',
      [
        '-c',
        'set -o pipefail; "$@" | head -1; echo $?',
        'bash',
        process.execPath,
        COMMAND,
        'listen',
        '--url',
        rabbitUrl,
        '--topic',
        own,
        '--json',
      ],
      {
        env: commandEnvironment(),
      },
    );
    const closed = once(shell, 'close');
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (part) => (output += part));
    const message = {
      message_id: 'm',
      publisher_id: 'p',
      event_type: 'e',
      priority: 'INFO',
      payload: {},
      timestamp: 't',
    };
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: false });
      await eventually(
        () => {
          channel.publish('tacker', `${own}.info`, Buffer.from(JSON.stringify(message)));
          // The line that head prints, and the exit code after the next one.
          expect(output).toMatch(/^\{[^\n]*\}\n\d+\n$/);
        },
        { within: 50_000, every: 100 },
      );
    });
    expect(output.trim().split('\n').at(-1)).toBe('0');
    await closed;
  });

  it('ends each command with 130 while a broker does not answer', async () => {
    const commands = [['ping'], ['list'], ['doctor'], ['check'], ['tap'], ['dead', 'ls'], ['bench'], ['conformance']];
    const codes = await Promise.all(commands.map((command) => interruptedCode([...command, '--topic', topic])));
    expect(codes).toEqual(commands.map(() => 130));
  }, 120_000);
});
