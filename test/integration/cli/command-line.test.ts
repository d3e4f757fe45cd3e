import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { COMMAND, commandEnvironment, osloRpc, osloRpcProcess } from '../../support/command.js';

describe('oslo-rpc and a wrong command line', () => {
  const url = 'rabbit://me:s3cret@127.0.0.1:1/';
  const target = ['--url', url, '--topic', 't'];

  const wrong: [string, string[], RegExp][] = [
    ['an unknown command', ['frobnicate'], /^UsageError: unknown command 'frobnicate'/],
    [
      'an unknown option, with the nearest known one',
      ['call', '--topik', 't', 'm'],
      /^UsageError: unknown option '--topik' .*--topic/,
    ],
    ['no method', ['call', ...target], /^UsageError: missing required argument 'method'/],
    ['no topic', ['call', '--url', url, 'm'], /^UsageError: no topic: give --topic/],
    ['no broker', ['call', '--topic', 't', 'm'], /^UsageError: no broker: give --url, set TRANSPORT_URL, or save one/],
    ['two objects', ['call', ...target, 'm', '{}', '{}'], /^UsageError: ARGUMENTS, word 2: expected key=value/],
    ['empty standard input', ['call', ...target, 'm', '-'], /^UsageError: ARGUMENTS: standard input is empty/],
    ['arguments that are not JSON', ['call', ...target, 'm', '{a:1}'], /^UsageError: ARGUMENTS: expected JSON: /],
    ['arguments that are no object', ['call', ...target, 'm', '[1]'], /^UsageError: ARGUMENTS: expected a JSON object/],
    [
      'a context that is not JSON',
      ['call', ...target, '--context', '{', 'm'],
      /^UsageError: --context: expected JSON: /,
    ],
    [
      'a context whose token is not JSON',
      ['call', ...target, '--context', '{"auth_token": s3cret}', 'm'],
      /^UsageError: --context: expected JSON: Unexpected token/,
    ],
    [
      'a context that is no object',
      ['call', ...target, '--context', '3', 'm'],
      /^UsageError: --context: expected a JSON object/,
    ],
    [
      'a timeout that is none',
      ['call', ...target, '--timeout', 'soon', 'm'],
      /^UsageError: --timeout: expected .*got "soon"/,
    ],
    [
      'a timeout of nothing',
      ['call', ...target, '--timeout', '0', 'm'],
      /^UsageError: --timeout: expected more than 0/,
    ],
    ['a version that is none', ['call', ...target, '--version', 'one', 'm'], /^InvalidVersion: .*"one"/],
    [
      'a memory transport',
      ['call', '--url', 'memory://', '--topic', 't', 'm'],
      /^UsageError: --url memory:\/\/ stays within one process/,
    ],
    [
      'another protocol',
      ['call', '--url', 'http://me:s3cret@h/', '--topic', 't', 'm'],
      /^DriverLoadFailure: .*"http" is unknown/,
    ],
    [
      'a malformed URL',
      ['call', '--url', 'rabbit://me:s3cret@h:port/', '--topic', 't', 'm'],
      /^InvalidTransportURL: .*port is malformed/,
    ],
  ];

  it.each(wrong)('exits with 2 and one line for %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await osloRpc(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stderr).not.toContain('s3cret');
  });

  it.each([
    ['an unknown command', ['frobnicate', '--json'], "unknown command 'frobnicate'"],
    ['an unknown option', ['call', '--json', '--topik', 't', 'm'], "unknown option '--topik' (Did you mean --topic?)"],
    ['no method', ['call', ...target, '--json'], "missing required argument 'method'"],
    ['no command', ['--json', 'dead'], "unknown option '--json'"],
    ['no command of a group', ['dead', '--json'], "unknown option '--json'"],
    ['no topic', ['call', '--url', url, '--json', 'm'], 'no topic: give --topic'],
  ])('prints a document for %s with --json', async (_what, args, message) => {
    const { code, stdout, stderr } = await osloRpc(args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^UsageError: .*\n$/) as string });
    expect(JSON.parse(stdout)).toEqual({
      error: { name: 'UsageError', message: expect.stringContaining(message) as string },
      exitCode: 2,
    });
  });

  it('prints no document where --json is an argument', async () => {
    expect(await osloRpc(['call', '--topik', '--', '--json'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('refuses standard input for two things', async () => {
    const args = ['call', ...target, '--context', '-', 'm', '-'];
    const { code, stderr } = await osloRpc(args, {}, { input: '{}' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^UsageError: .*: standard input was read before; give - only once\n$/);
  });

  it('prints its help on standard error without a command', async () => {
    const { code, stdout, stderr } = await osloRpc([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: oslo-rpc');
  });
});

describe('oslo-rpc --help and --version', () => {
  it('lists the commands and the exit codes', async () => {
    const { code, stdout, stderr } = await osloRpc(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['call', 'cast', 'ping', 'Exit codes']) expect(stdout).toContain(word);
  });

  it('lists the options of a command, without a password from the environment', async () => {
    const { code, stdout } = await osloRpc(['call', '--help'], { TRANSPORT_URL: 'rabbit://me:s3cret@h/' });
    expect(code).toBe(0);
    const options = [
      '--url',
      '--topic',
      '--exchange',
      '--server',
      '--namespace',
      '--version',
      '--timeout',
      '--context',
    ];
    for (const option of options) expect(stdout).toContain(`${option} <`);
    expect(stdout).not.toContain('s3cret');
  });

  it('exits with 0, without an error, when its output is closed early, as by `head`', async () => {
    expect(await osloRpcProcess(['conformance', '--help'], {}, { readsOn: false })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('prints the version of the package, which is not the --version of a call', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await osloRpc(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const { stdout } = await osloRpc(['call', '--version', '1.0', '--help']);
    expect(stdout).toContain('RPC version');
  });

  it.skipIf(process.platform !== 'linux').each([['--help'], ['completion', 'bash']])(
    'reports a result that cannot be written: %s',
    async (...args) => {
      const shell = spawn('bash', ['-c', '"$@" > /dev/full', 'bash', process.execPath, COMMAND, ...args], {
        env: commandEnvironment(),
      });
      let errors = '';
      shell.stderr.on('data', (part) => (errors += part));
      expect(await once(shell, 'close')).toEqual([1, null]);
      expect(errors).toMatch(/^Error: the output cannot be written: ENOSPC.*\n$/);
    },
  );
});
