import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';

/** Environment of a program that is not a part of the test: nothing of vitest, and the Node.js of a path first. */
function environment(node: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST.*|TEST|NODE_ENV|NODE_OPTIONS|TRANSPORT_URL)$/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: `${dirname(node)}:${process.env['PATH']}`, NO_COLOR: '1', PORT: '0' };
}

export interface CommandOptions {
  readonly cwd: string;
  /** Path of Node.js. @default the one of this process */
  readonly node?: string | undefined;
  /** Text after which the program is stopped: it serves until then. */
  readonly until?: string | undefined;
  /** Time limit in milliseconds. @default 180000 */
  readonly within?: number | undefined;
}

/** Runs a program with all of its children. Returns its output; rejects with it when the program fails or is late. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { cwd, node = process.execPath, until, within = 180_000 } = options;
  const child = spawn(command, args, {
    cwd,
    env: environment(node),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let reached = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (until === undefined || reached || !output.includes(until)) return;
      reached = true;
      signal(child, 'SIGTERM');
    });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => signal(child, 'SIGKILL'), within);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (reached || (until === undefined && code === 0)) return resolve(output);
      reject(new Error(`${[command, ...args].join(' ')} ended with ${code} in ${cwd}:\n${output}`));
    });
  });
}

/** Signals the group of a program: `npm start` starts the CLI, and that the application. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, name);
}
