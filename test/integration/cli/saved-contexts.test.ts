import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const URL = 'rabbit://me:s3cret@127.0.0.1:1/vh';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'contexts-'));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (args: string[], environment: NodeJS.ProcessEnv = {}, input = '') =>
  osloRpc(args, { XDG_CONFIG_HOME: home, ...environment }, { input });

const context = (...args: string[]) => run(['context', ...args]);

const fileOf = (name: string) => join(home, 'oslo-rpc', 'contexts', `${name}.json`);

/** Writes a context as the command does, without the time that a process takes. */
function save(name: string, value: object): void {
  mkdirSync(join(home, 'oslo-rpc', 'contexts'), { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(name), JSON.stringify(value), { mode: 0o600 });
}

const select = (name: string) => writeFileSync(join(home, 'oslo-rpc', 'selected'), `${name}\n`);

const DONE = { code: 0, stdout: '', stderr: '' };

describe('oslo-rpc context', { concurrent: false }, () => {
  it('leaves the mode of a folder that it has not made', async () => {
    const foreign = join(home, 'foreign');
    mkdirSync(foreign, { mode: 0o755 });
    mkdirSync(join(home, 'oslo-rpc'), { mode: 0o755 });
    symlinkSync(foreign, join(home, 'oslo-rpc', 'contexts'));
    expect(await context('add', 'prod', '--url', URL)).toEqual(DONE);
    expect(statSync(foreign).mode & 0o777).toBe(0o755);
    expect(statSync(join(home, 'oslo-rpc')).mode & 0o777).toBe(0o755);
    expect(statSync(fileOf('prod')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['scheme', ['--url', 'rabit://me:s3cret@h/'], /"rabit" is unknown; use rabbit/],
    ['timeout', ['--url', URL, '--timeout', '5 parsecs'], /--timeout/],
    ['management URL', ['--url', URL, '--management-url', 'ftp://h'], /--management-url/],
  ])('saves no context with a wrong %s', async (_name, flags, reason) => {
    const refused = await context('add', 'bad', ...flags);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(reason) });
    expect(refused.stderr).not.toContain('s3cret');
    save('good', { url: URL });
    expect(await context('edit', 'good', ...flags)).toMatchObject({ code: 2 });
    expect(JSON.parse(readFileSync(fileOf('good'), 'utf8'))).toEqual({ url: URL });
  });

  it('keeps a context for its owner only, and never shows the password', async () => {
    const management = 'http://me:s3cret@127.0.0.1:15672';
    expect(
      await run(
        [
          ...['context', 'add', 'prod', '--url', '-', '--management-url', management, '--exchange', 'x'],
          ...['--timeout', '5s', '--description', 'the large one', '--select'],
        ],
        {},
        `${URL}\n`,
      ),
    ).toEqual(DONE);
    expect(statSync(fileOf('prod')).mode & 0o777).toBe(0o600);
    for (const folder of ['oslo-rpc', 'oslo-rpc/contexts'])
      expect(statSync(join(home, folder)).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(home, 'oslo-rpc', 'contexts'))).toEqual(['prod.json']);
    expect(JSON.parse(readFileSync(fileOf('prod'), 'utf8'))).toMatchObject({ url: URL });
    const ls = await context('ls');
    expect(ls.stdout).toBe(
      'NAME   BROKER                         DESCRIPTION\nprod*  rabbit://***@127.0.0.1:1/vh  the large one\n'.replace(
        'BROKER                         ',
        'BROKER                       ',
      ),
    );
    const [listed, show, shown] = [
      await context('ls', '--json'),
      await context('show'),
      await context('show', 'prod', '--json'),
    ];
    expect(JSON.parse(listed.stdout)).toEqual([
      {
        name: 'prod',
        selected: true,
        description: 'the large one',
        url: 'rabbit://***@127.0.0.1:1/vh',
        exchange: 'x',
        timeout: '5s',
        managementUrl: 'http://***@127.0.0.1:15672',
      },
    ]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'prod', file: fileOf('prod') });
    expect(show.stdout).toContain('rabbit://***@127.0.0.1:1/vh');
    for (const { stdout, stderr } of [ls, listed, show, shown]) expect(stdout + stderr).not.toContain('s3cret');
  });

  it('changes, selects and removes', async () => {
    const added = await context('add', 'prod', '--url', URL, '--timeout', '5s', '--json');
    const shown = { name: 'prod', url: 'rabbit://***@127.0.0.1:1/vh', timeout: '5s', file: fileOf('prod') };
    expect([added.code, JSON.parse(added.stdout)]).toEqual([0, shown]);
    expect(await context('edit', 'prod', '--exchange', 'x', '--timeout', '')).toEqual(DONE);
    expect(JSON.parse(readFileSync(fileOf('prod'), 'utf8'))).toEqual({ url: URL, exchange: 'x' });
    expect(await context('select', 'prod')).toEqual(DONE);
    expect((await context('ls')).stdout).toContain('prod*');
    expect(await context('unselect')).toEqual(DONE);
    const unselected = await context('show', '--json');
    expect(unselected.stderr).toMatch(/^UsageError: no context is selected/);
    const error = { name: 'UsageError', message: 'no context is selected: give its name' };
    expect(JSON.parse(unselected.stdout)).toEqual({ error, exitCode: 2 });
    expect((await context('select', 'prod', '--json')).stdout).toBe('{"selected":"prod"}\n');
    expect(await context('rm', 'prod', '--json')).toEqual({
      code: 0,
      stdout: '{"removed":"prod","selected":null}\n',
      stderr: 'No context is selected now\n',
    });
    expect(await context('ls')).toEqual(DONE);
  });

  it.each<[string, string[], RegExp]>([
    ['a name that is taken', ['add', 'prod', '--url', URL], /^UsageError: the context "prod" exists; change it with/],
    ['a name with a path', ['add', '../prod', '--url', URL], /^UsageError: context name: expected 1 to 64 letters/],
    ['an unknown name, with the nearest', ['show', 'prd'], /^UsageError: no context "prd" \(did you mean prod\?\)/],
    ['no broker', ['add', 'dev'], /^UsageError: no broker: give --url, --config-file or --config-dir/],
    [
      'a malformed URL',
      ['add', 'dev', '--url', 'rabbit://me:s3cret@h:port/'],
      /^InvalidTransportURL: .*port is malformed/,
    ],
    ['a malformed time', ['edit', 'prod', '--timeout', 'soon'], /^UsageError: --timeout: expected /],
    [
      'a malformed management URL',
      ['edit', 'prod', '--management-url', 'mq1'],
      /^UsageError: --management-url: expected /,
    ],
    ['a missing file', ['edit', 'prod', '--config-file', '/no/such.conf'], /^ConfigurationError: .*\/no\/such\.conf/],
  ])('refuses %s', async (_what, args, message) => {
    save('prod', { url: URL });
    const { code, stdout, stderr } = await context(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('s3cret');
    expect(JSON.parse(readFileSync(fileOf('prod'), 'utf8'))).toEqual({ url: URL });
  });

  it('refuses a file that others can read, and lists the others nevertheless', async () => {
    save('open', { url: URL });
    save('safe', { url: URL });
    chmodSync(fileOf('open'), 0o640);
    const refused = await run(['ping', '--use', 'open', '--topic', 't']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`other users may use it: chmod 600 ${fileOf('open')}`);
    const { code, stdout } = await context('ls');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^open {2}.*chmod 600.*\nsafe {2}rabbit:\/\/\*\*\*@/m);
  });

  it('refuses a file of another form without quoting it', async () => {
    mkdirSync(join(home, 'oslo-rpc', 'contexts'), { recursive: true });
    const forms = {
      text: 'rabbit://me:s3cret@h/',
      list: '["s3cret"]',
      name: '{"ulr": "s3cret"}',
      type: '{"url": ["s3cret"]}',
    };
    for (const [name, text] of Object.entries(forms)) writeFileSync(fileOf(name), text, { mode: 0o600 });
    for (const [name, reason] of [
      ['text', 'expected JSON'],
      ['list', 'expected a JSON object'],
      ['name', 'unknown member "ulr" (did you mean url?)'],
      ['type', '"url" is no string'],
    ] as const) {
      const { code, stderr } = await run(['ping', '--topic', 't'], { OSLO_RPC_CONTEXT: name });
      expect(code).toBe(2);
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('s3cret');
    }
  });
});

describeWithRabbit('a saved context', { concurrent: false }, () => {
  const topic = uniqueTopic('contexts');
  const exchange = uniqueTopic('exchange');
  const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  const server = getRpcServer(transport, new Target({ topic, exchange, server: 's1' }), [{ whoami: () => 's1' }]);
  const whoami = ['call', '--topic', topic, 'whoami'];
  const reached = { code: 0, stdout: '"s1"\n', stderr: '' };
  const unreachable = { code: 4, stdout: '' };

  beforeAll(() => server.start());

  afterAll(async () => {
    await server.stop();
    await transport.cleanup();
  });

  beforeEach(() => {
    save('good', { url: rabbitUrl, exchange });
    save('bad', { url: URL });
  });

  it('is that of --use, else of OSLO_RPC_CONTEXT, else the selected one', async () => {
    expect(await run([...whoami, '--use', 'good'], { OSLO_RPC_CONTEXT: 'bad' })).toEqual(reached);
    expect(await run(whoami, { OSLO_RPC_CONTEXT: 'good' })).toEqual(reached);
    select('good');
    expect(await run(whoami)).toEqual(reached);
    expect(await run(whoami, { OSLO_RPC_CONTEXT: 'bad' })).toMatchObject(unreachable);
  });

  it('wins over TRANSPORT_URL, and says so where it was not named', async () => {
    select('good');
    const elsewhere = { TRANSPORT_URL: URL };
    expect(await run(whoami, elsewhere)).toEqual({
      ...reached,
      stderr: 'Using the selected context "good", not TRANSPORT_URL\n',
    });
    expect(await run([...whoami, '--use', 'good'], elsewhere)).toEqual(reached);
  });

  it('gives way to flags: a broker on the command line replaces the selected context', async () => {
    select('bad');
    expect(await run([...whoami, '--url', rabbitUrl, '--exchange', exchange])).toEqual(reached);
    // Nothing of the selected one remains: neither the exchange, nor the timeout, nor its faults.
    save('good', { url: rabbitUrl, exchange, timeout: '1ms' });
    select('good');
    expect(await run([...whoami, '--url', rabbitUrl])).toMatchObject(unreachable);
    expect(await run([...whoami, '--url', rabbitUrl, '--exchange', exchange])).toEqual(reached);
    select('gone');
    expect(await run([...whoami, '--url', rabbitUrl, '--exchange', exchange])).toEqual(reached);
    save('good', { url: rabbitUrl, exchange });
    // Named, it still gives the exchange.
    expect(await run([...whoami, '--use', 'good', '--url', rabbitUrl])).toEqual(reached);
    expect(await run([...whoami, '--use', 'good', '--exchange', 'other'])).toMatchObject(unreachable);
  });

  it('reads its files of oslo.config when it is used', async () => {
    const file = join(home, 'tacker.conf');
    writeFileSync(file, `[DEFAULT]\ncontrol_exchange = ${exchange}\ntransport_url = ${rabbitUrl}\n`);
    save('files', { config: [{ file }] });
    expect(await run([...whoami, '--use', 'files'])).toEqual(reached);
    mkdirSync(join(home, 'conf.d'));
    await context('add', 'folder', '--config-dir', join(home, 'conf.d'));
    writeFileSync(join(home, 'conf.d', 'a.conf'), readFileSync(file));
    expect(await run([...whoami, '--use', 'folder'])).toEqual(reached);
  });
});
