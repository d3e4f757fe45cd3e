import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const COMMAND = fileURLToPath(new URL('../../dist/lib/cli/oslo-rpc.js', import.meta.url));

export interface Outcome {
  /** Null when it ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the built `oslo-rpc` as a shell would.
 * @param environment over this process's own, without its TRANSPORT_URL and saved contexts
 * @param options.readsOn false for a reader of standard output that closes the pipe at once
 * @param options.input standard input, which then ends
 */
export function osloRpc(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  { readsOn = true, input = '' }: { readsOn?: boolean; input?: string } = {},
): Promise<Outcome> {
  return outcomeOf(process.execPath, [COMMAND, ...args], environment, readsOn, input);
}

const TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Runs the built `oslo-rpc` on a terminal, which Python makes: standard output has all that it shows. */
export function onTerminal(args: readonly string[]): Promise<Outcome> {
  return outcomeOf('/usr/bin/python3', ['-c', TERMINAL, process.execPath, COMMAND, ...args], {}, true);
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
