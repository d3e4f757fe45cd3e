import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRpcServer, getRpcTransport, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandProcess } from '../../../lib/cli/command-process.js';
import { OpenConnections } from '../../../lib/cli/open-connections.js';
import { makeProgram } from '../../../lib/cli/program.js';
import { osloRpc, osloRpcProcess } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

/** Commands that are always processes in the tests: they serve until a signal, or load modules. */
const PROCESSES = ['contract', 'explore', 'serve'];

const topic = uniqueTopic('process');
/** Topic that nobody calls, with its counts. */
const idle = uniqueTopic('idle');
const where = ['--url', rabbitUrl, '--topic', topic];
const answered = [...where, '--server', 's1'];
const folder = mkdtempSync(join(tmpdir(), 'processes-'));
const python = join(folder, 'rpcapi.py');

/** A run of each command that succeeds, and some that fail; what each prints is the same whenever it runs. */
const RUNS: readonly (readonly [args: readonly string[], more?: { env?: NodeJS.ProcessEnv; input?: string }])[] = [
  [['call', ...where, 'echo', 'text=naïve ☃', 'n=1152921504606846976']],
  [['call', ...where, 'echo', '-'], { input: '{"a": 1}' }],
  [['call', '--topic', topic, '--server', 's1', 'echo'], { env: { TRANSPORT_URL: rabbitUrl } }],
  [['call', ...where, 'fail']],
  [['call', ...where, '--timeout', '6s', 'hang']],
  [['cast', ...where, 'echo', 'a=1']],
  [['ping', ...answered]],
  [['ping', '--url', rabbitUrl, '--topic', uniqueTopic('nobody')]],
  [['list', ...answered, '--timeout', '30s']],
  [['describe', '--url', rabbitUrl, '--topic', idle, '--server', 's1', '--timeout', '30s']],
  [['doctor', ...answered]],
  [['check', ...where, '--timeout', '30s']],
  [['check', ...where, '--timeout', '30s', '--consumers', '5']],
  [['conformance', ...where, '--only', 'nothing-of-the-kind']],
  // The rows run at the same time, and a tap shows what others call.
  [['tap', '--url', rabbitUrl, '--topic', uniqueTopic('quiet'), '--for', '100ms']],
  [['dead', 'ls', '--url', rabbitUrl, '--queue', topic]],
  [['notify', '--url', rabbitUrl, '--topic', topic, '--driver', 'log', 'a=1']],
  [['listen', ...where, '--for', '100ms', '--count', '1']],
  [['asyncapi', ...answered, '--timeout', '30s']],
  [['bench', ...where, '--count', '1', '--method', 'echo']],
  [['generate', python]],
  [['context', 'add', 'bad', '--url', '-'], { input: 'rabit://h/' }],
  [['context', 'ls']],
  [['completion', 'bash']],
  [[]],
  [['--version']],
  [['call', '--help']],
  [['cal']],
];

describeWithRabbit('oslo-rpc as a process', { concurrent: true }, () => {
  let transport: Transport;

  beforeAll(async () => {
    writeFileSync(
      python,
      `class ShopAPI(object):
    def __init__(self):
        self.client = rpc.get_client(Target(topic='shop', version='1.0'))

    def sell(self, ctxt, item):
        self.client.cast(ctxt, 'sell', item=item)
`,
    );
    transport = getRpcTransport({
      transportUrl: rabbitUrl,
      rpcPingEnabled: true,
      rpcDiscoveryEnabled: true,
      logger: silent,
    });
    const endpoint = {
      echo: (_context: unknown, args: object) => args,
      fail: () => {
        throw new RangeError('on purpose');
      },
      hang: () => new Promise(() => undefined),
    };
    for (const served of [topic, idle])
      await getRpcServer(transport, new Target({ topic: served, server: 's1' }), [endpoint]).start();
  });

  afterAll(async () => {
    await transport?.cleanup();
    rmSync(folder, { recursive: true });
  });

  it('is tested for each command', () => {
    const commands = makeProgram(new OpenConnections(), new CommandProcess()).commands.map((command) => command.name());
    const visible = commands.filter((name) => !name.startsWith('__'));
    const run = RUNS.flatMap(([[name]]) => (name !== undefined && visible.includes(name) ? [name] : []));
    expect([...new Set([...run, ...PROCESSES])].toSorted()).toEqual(visible.toSorted());
  });

  // The other tests run most commands within their own process.
  it.each(RUNS.map(([args, more]) => [args.join(' ').replace(rabbitUrl, 'URL'), args, more] as const))(
    'has the same outcome as within the process of a test: %s',
    async (_title, args, { env = {}, input = '' } = {}) => {
      const options = { input };
      const [own, within] = [await osloRpcProcess(args, env, options), await osloRpc(args, env, options)];
      expect(stable(own)).toEqual(stable(within));
    },
  );
});

/** Returns an outcome without times and ids, which differ between two runs. */
function stable<T extends { stdout: string; stderr: string }>({ stdout, stderr, ...rest }: T) {
  const without = (text: string) =>
    text
      .replaceAll(/\d+(\.\d+)?( ms| s|%)/g, '<time>')
      .replaceAll(/[0-9a-f]{32}/g, '<id>')
      .replaceAll(/("(?:message_id|timestamp)":)"[^"]+"/g, '$1<once>');
  return { ...rest, stdout: without(stdout), stderr: without(stderr) };
}
