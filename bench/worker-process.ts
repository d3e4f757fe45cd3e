import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../test/support/prerequisites.js';
import type { Answer, Command } from './worker-commands.js';

const NODE_WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
const PYTHON_WORKER = resolve('bench/python/worker.py');
const STOP_LIMIT = 5000;

/** One that is frozen would not notice that the benchmark has ended. */
const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** The benchmark's end of a worker: each question gets its answer, or fails. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #settle: ((answer: Answer) => void) | undefined;

  /** @param program a Node.js, or Python */
  constructor(
    readonly name: string,
    program: string = process.execPath,
  ) {
    const script = program === PYTHON ? PYTHON_WORKER : NODE_WORKER;
    // What a peer prints (warnings and errors only) belongs on the screen, but not among the results. The channel of
    // Node's children is lines of JSON, which Python reads and writes as well.
    this.#child = spawn(program, [script], { stdio: ['ignore', 2, 2, 'ipc'], serialization: 'json' });
    living.add(this.#child);
    this.#child.on('exit', () => living.delete(this.#child));
    this.#child.on('message', (answer: Answer) => this.#settle?.(answer));
    this.#child.on('error', (error) => this.#settle?.({ ok: false, error: error.message }));
    this.#child.on('exit', (code, signal) => this.#settle?.({ ok: false, error: `ended with ${code ?? signal}` }));
  }

  /** Stops the process where it is, and lets it go on: to its peers it is slow, not gone. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async ask(command: Command, limitSeconds = 60): Promise<unknown> {
    const answer = await this.#answer(command, limitSeconds * 1000);
    if (!answer.ok) throw new Error(`${this.name}: ${command.kind}: ${answer.error}`);
    return answer.value;
  }

  /** Closes the peer in an orderly way, then ends the process. */
  async stop(): Promise<void> {
    if (!this.#child.connected) return;
    const exited = once(this.#child, 'exit');
    const { ok } = await this.#answer({ kind: 'stop' }, STOP_LIMIT);
    if (!ok) console.error(`${this.name}: did not stop in an orderly way`);
    if (this.#child.connected) this.#child.disconnect();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT);
    await exited;
    clearTimeout(patience);
  }

  async #answer(command: Command, limit: number): Promise<Answer> {
    if (!this.#child.connected) return { ok: false, error: 'the process has ended' };
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve) => {
      this.#settle = resolve;
      timer = setTimeout(() => resolve({ ok: false, error: `no answer within ${limit} ms` }), limit);
    });
    this.#child.send(command);
    try {
      return await answer;
    } finally {
      this.#settle = undefined;
      clearTimeout(timer);
    }
  }
}
