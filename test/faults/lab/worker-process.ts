import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';
import { JournalReader } from './journal.js';
import type { Answer, Command, Measure, WorkerPlan } from './worker-commands.js';

/** Root of the repository, the working directory of tests and of the chaos command. */
const SOURCES = resolve('test/faults/lab');
const LOADER = resolve('test/support/typescript.mjs');
const START_LIMIT = 60;

/** The lab's end of a process. */
export class WorkerProcess {
  readonly journal: JournalReader;
  readonly #child: ChildProcess;
  #settle: ((answer: Answer) => void) | undefined;

  private constructor(
    readonly plan: WorkerPlan,
    /** File of its output. */
    readonly output: string,
  ) {
    this.journal = new JournalReader(plan.journal);
    const printed = openSync(output, 'a');
    this.#child = fork(join(SOURCES, 'worker.ts'), {
      execArgv: ['--expose-gc', '--import', LOADER],
      env: { ...process.env, LAB_WORKER: JSON.stringify(plan) },
      stdio: ['ignore', printed, printed, 'ipc'],
    });
    closeSync(printed);
    this.#child.on('message', (answer: Answer) => this.#settle?.(answer));
    this.#child.on('error', (error) => this.#settle?.({ ok: false, error: error.message }));
    this.#child.on('exit', (code, signal) => this.#settle?.({ ok: false, error: `ended with ${code ?? signal}` }));
  }

  /** Resolves when the client or server is ready. */
  static async start(folder: string, given: Omit<WorkerPlan, 'journal'>): Promise<WorkerProcess> {
    const plan = { ...given, journal: join(folder, `${given.name}.journal`) };
    const worker = new WorkerProcess(plan, join(folder, `${given.name}.out`));
    try {
      await worker.#answerTo(undefined, START_LIMIT);
    } catch (error) {
      await worker.kill();
      throw error;
    }
    return worker;
  }

  get name(): string {
    return this.plan.name;
  }

  get options(): OsloMessagingOptions {
    return this.plan.options;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async load(): Promise<void> {
    await this.#answerTo({ kind: 'load' }, 10);
  }

  /** Resolves when all that the client has sent is settled. */
  async rest(limitSeconds: number): Promise<void> {
    await this.#answerTo({ kind: 'rest' }, limitSeconds);
  }

  async measure(): Promise<Measure> {
    return (await this.#answerTo({ kind: 'measure' }, 30)) as Measure;
  }

  /** Resolves with what is left that the library has not let go of, and ends the process. */
  async close(limitSeconds: number): Promise<Record<string, number>> {
    const left = (await this.#answerTo({ kind: 'close' }, limitSeconds)) as Record<string, number>;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
    return left;
  }

  /** Asks the process to end, and resolves with the milliseconds that it took. */
  async terminate(): Promise<number> {
    const begin = performance.now();
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
    return performance.now() - begin;
  }

  async kill(): Promise<void> {
    if (!this.running) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Stands still, as a process does whose event loop is blocked. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async #answerTo(command: Command | undefined, limitSeconds: number): Promise<unknown> {
    const what = `${this.name}: ${command?.kind ?? 'start'}`;
    if (!this.#child.connected) throw new Error(`${what}: the process has ended`);
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve) => {
      this.#settle = resolve;
      const late = `no answer within ${limitSeconds} s`;
      timer = setTimeout(() => resolve({ ok: false, error: late }), limitSeconds * 1000);
    });
    if (command) this.#child.send(command);
    const outcome = await answer;
    clearTimeout(timer);
    this.#settle = undefined;
    if (!outcome.ok) throw new Error(`${what}: ${outcome.error}`);
    return outcome.value;
  }
}
