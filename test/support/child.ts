import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Program } from '../../testkit/release.js';
import { eventually } from './eventually.js';

/** A process of the test's own, with its output kept: a script in Node, or another program. */
export class Child {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<number | null>;
  #output = '';
  #hasExited = false;

  /** @param folder working directory. Default: that of this process */
  constructor(
    script: string | Program,
    args: readonly string[] = [],
    env: Record<string, string> = {},
    folder?: string,
  ) {
    const program =
      typeof script === 'string' ? { file: process.execPath, args: [script, ...args], env: process.env } : script;
    this.#process = spawn(program.file, program.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...program.env, ...env },
      cwd: folder,
    });
    this.#exited = once(this.#process, 'close').then(([code]: (number | null)[]) => {
      this.#hasExited = true;
      return code ?? null;
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  /** All that was printed so far, on either stream. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the match once the output has it; rejects when the process ends without. */
  async prints(pattern: RegExp, within = 60_000): Promise<RegExpMatchArray> {
    const missing = () => new Error(`${pattern} was not printed, but:\n${this.#output}`);
    const match = await eventually(
      () => {
        const found = this.#output.match(pattern);
        if (found || this.#hasExited) return found;
        throw missing();
      },
      { within },
    );
    if (!match) throw missing();
    return match;
  }

  /** The exit code, or null after a signal. */
  exit(): Promise<number | null> {
    return this.#exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}
