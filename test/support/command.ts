import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CommandProcess } from '../../lib/cli/command-process.js';
import { perform } from '../../lib/cli/program.js';
import type { Surroundings } from '../../lib/cli/surroundings.js';

/** The built command. */
export const COMMAND = fileURLToPath(new URL('../../dist/lib/cli/oslo-rpc.js', import.meta.url));

export interface Outcome {
  /** Null when it ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `oslo-rpc` within this process, which takes milliseconds where a process of its own takes most of a second. It is for
 * commands that end by themselves, load no module and start no process; {@link osloRpcProcess} is for the others. That both
 * do the same is tested for each command.
 * @param environment over this process's own, without its TRANSPORT_URL and saved contexts
 * @param options.input standard input
 * @param options.terminal size of the terminal that all three streams are; none where it is left out
 */
export async function osloRpc(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  { input = '', terminal }: { input?: string; terminal?: { columns: number } } = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const keeping = (stream: keyof typeof written) =>
    new Writable({
      write(part: Buffer, _encoding, done) {
        written[stream] += part;
        done();
      },
    });
  const shown = <T extends Readable | Writable>(stream: T) =>
    Object.assign(stream, terminal && { isTTY: true, ...terminal });
  const surroundings: Surroundings = {
    env: commandEnvironment(environment),
    stdin: shown(Readable.from(input === '' ? [] : [Buffer.from(input)])),
    stdout: shown(keeping('stdout')),
    stderr: shown(keeping('stderr')),
  };
  await perform([process.execPath, COMMAND, ...args], new CommandProcess(surroundings));
  return { code: Number(surroundings.exitCode ?? 0), ...written };
}

/**
 * Runs the built `oslo-rpc` as a shell would.
 * @param environment over this process's own, without its TRANSPORT_URL and saved contexts
 * @param options.readsOn false for a reader of standard output that closes the pipe at once
 * @param options.input standard input, which then ends
 */
export function osloRpcProcess(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  { readsOn = true, input = '' }: { readsOn?: boolean; input?: string } = {},
): Promise<Outcome> {
  return outcomeOf(process.execPath, [COMMAND, ...args], environment, readsOn, input);
}

const TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/**
 * Runs the built `oslo-rpc` on a terminal, which Python makes: standard output has all that it shows.
 * @param input keys that are pressed
 */
export function onTerminal(args: readonly string[], input = ''): Promise<Outcome> {
  return outcomeOf('/usr/bin/python3', ['-c', TERMINAL, process.execPath, COMMAND, ...args], {}, true, input);
}

/** Returns the environment of a command: this process's own, without a broker and saved contexts. */
export function commandEnvironment(environment: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { TRANSPORT_URL: _url, OSLO_RPC_CONTEXT: _context, ...inherited } = process.env;
  return { ...inherited, XDG_CONFIG_HOME: '/nonexistent', ...environment };
}

function outcomeOf(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  readsOn: boolean,
  input = '',
): Promise<Outcome> {
  if (!existsSync(COMMAND)) throw new Error('the command is not built: npm run build');
  const child = spawn(program, args, { env: commandEnvironment(environment) });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
  });
  // A command that fails first closes it.
  child.stdin.on('error', () => undefined).end(input);
  if (!readsOn) child.stdout.destroy();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}
