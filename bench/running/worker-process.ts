import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../testkit/prerequisites.js';
import type { Answer, Question, WorkerApi } from './worker.js';

const NODE_WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
const PYTHON_WORKER = resolve('bench/python/worker.py');
const STOP_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_S = 60;

// A frozen worker would not notice the end of the benchmark.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Worker seen from the benchmark. It answers one question at a time. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #settle: ((answer: Answer) => void) | undefined;

  /** @param program Node.js or Python. Default: the Node.js of this process */
  constructor(
    readonly name: string,
    program: string = process.execPath,
  ) {
    const script = program === PYTHON ? PYTHON_WORKER : NODE_WORKER;
    // Warnings of a peer go to stderr, apart from the results. The channel carries lines of JSON, which Python reads too.
    this.#child = spawn(program, [script], { stdio: ['ignore', 2, 2, 'ipc'], serialization: 'json' });
    running.add(this.#child);
    this.#child.on('exit', () => running.delete(this.#child));
    this.#child.on('message', (answer: Answer) => this.#settle?.(answer));
    this.#child.on('error', (error) => this.#settle?.({ ok: false, error: error.message }));
    this.#child.on('exit', (code, signal) => this.#settle?.({ ok: false, error: `ended with ${code ?? signal}` }));
  }

  /** Stops the process as it is, or lets it continue. To its peers it is slow, not gone. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Calls a method of the worker. @param timeoutSeconds default 60 */
  async ask<Method extends keyof WorkerApi>(
    method: Method,
    args: Parameters<WorkerApi[Method]>,
    timeoutSeconds = ANSWER_TIMEOUT_S,
  ): Promise<Awaited<ReturnType<WorkerApi[Method]>>> {
    const answer = await this.#answer({ method, args }, timeoutSeconds * 1000);
    if (!answer.ok) throw new Error(`${this.name}: ${method}: ${answer.error}`);
    return answer.value as Awaited<ReturnType<WorkerApi[Method]>>;
  }

  /** Closes the peer, then ends the process. */
  async stop(): Promise<void> {
    if (!this.#child.connected) return;
    const exited = once(this.#child, 'exit');
    const { ok } = await this.#answer({ method: 'stop', args: [] }, STOP_TIMEOUT_MS);
    if (!ok)
      console.error(`${this.name}: did not close within ${STOP_TIMEOUT_MS} ms, or failed to; ending its process`);
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  async #answer(question: Question, timeoutMs: number): Promise<Answer> {
    if (!this.#child.connected) return { ok: false, error: 'the process has ended' };
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve) => {
      this.#settle = resolve;
      timer = setTimeout(() => resolve({ ok: false, error: `no answer within ${timeoutMs} ms` }), timeoutMs);
    });
    this.#child.send(question);
    try {
      return await answer;
    } finally {
      this.#settle = undefined;
      clearTimeout(timer);
    }
  }
}
