import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../testkit/prerequisites.js';
import type { Answer, WorkerApi } from './worker.js';

const NODE_WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
const PYTHON_WORKER = resolve('bench/python/worker.py');
/** Longer than any load on a busy machine. */
const TIMEOUT_MS = 300_000;

const children: ChildProcess[] = [];
// A frozen worker would not notice the end of the benchmark.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Worker seen from the benchmark. It answers one question at a time. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  /**
   * @param program Node.js or Python. Default: the Node.js of this process
   * @param silent true to discard the log of the process. Default: false
   */
  constructor(
    private readonly name: string,
    program: string = process.execPath,
    { silent = false } = {},
  ) {
    const [script, ...execArgv] = program === PYTHON ? [PYTHON_WORKER] : [NODE_WORKER, '--expose-gc'];
    const log = silent ? 'ignore' : 2;
    // Warnings of a peer go to stderr, apart from the results. The channel carries lines of JSON, which Python reads too.
    this.#child = fork(script, { execPath: program, execArgv, stdio: ['ignore', log, log, 'ipc'] });
    children.push(this.#child);
  }

  /** Stops the process as it is, or lets it continue. To its peers it is slow, not gone. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Ends the process at once: the broker and all queues are the benchmark's own. */
  async kill(): Promise<void> {
    if (this.#child.kill('SIGKILL')) await once(this.#child, 'exit');
  }

  /** Calls a method of the worker. */
  async ask<Method extends keyof WorkerApi>(
    method: Method,
    ...args: Parameters<WorkerApi[Method]>
  ): Promise<Awaited<ReturnType<WorkerApi[Method]>>> {
    const failed = (error: string): Answer => ({ ok: false, error });
    const settled = new AbortController();
    const { signal } = settled;
    const outcomes = [
      once(this.#child, 'message', { signal }).then(([answer]) => answer as Answer),
      once(this.#child, 'exit', { signal }).then(([code, cause]) => failed(`the process ended with ${code ?? cause}`)),
      sleep(TIMEOUT_MS, failed(`no answer within ${TIMEOUT_MS} ms`), { signal }),
    ];
    this.#child.send({ method, args });
    try {
      const answer = await Promise.race(outcomes);
      if (!answer.ok) throw new Error(`${this.name}: ${method}: ${answer.error}`);
      return answer.value as Awaited<ReturnType<WorkerApi[Method]>>;
    } finally {
      settled.abort();
    }
  }
}
