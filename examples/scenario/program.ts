import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';

const TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const MAX_LINES = 1000;
const SHOWN_WIDTH = 160;

// Kills the program when this process is gone, however it ended.
const LEASH = 'cat > /dev/null; kill -9 "-$1" 2> /dev/null';

/** Program of an example in a process of its own. Shows its output line by line, behind its name, and shortens long lines. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #printed = new EventEmitter<{ line: [] }>();
  #lineCount = 0;
  /** Resolves with the exit code, or with the signal or the error that ended it. */
  readonly exited: Promise<number | string>;
  #isStopping = false;
  #hasEnded = false;

  /** @param env variables beside those of this process */
  constructor(
    readonly name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    const [file = '', ...args] = command;
    // A process group of its own: Ctrl+C reaches the scenario alone, which stops its programs one after the other.
    this.#child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => resolve(message));
      this.#child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
    });
    const leash = spawn('/bin/sh', ['-c', LEASH, 'leash', String(this.#child.pid)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    void this.exited.then(() => {
      this.#hasEnded = true;
      leash.kill('SIGKILL');
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream) createInterface(stream).on('line', (line) => this.#show(line));
  }

  /** True from its start until it ends, or is stopped or killed. */
  get isServing(): boolean {
    return !this.#hasEnded && !this.#isStopping;
  }

  /** True when it has ended although nobody stopped or killed it. */
  get isLost(): boolean {
    return this.#hasEnded && !this.#isStopping;
  }

  /**
   * Waits for a line of its output.
   * @param options.again true to wait for a line from now on, also where one was printed before
   * @throws Error when the program ends without it, or after a minute
   */
  prints(pattern: RegExp, { again = false }: { again?: boolean } = {}): Promise<RegExpExecArray> {
    const seen = again ? this.#lineCount : 0;
    return new Promise((resolve, reject) => {
      const look = () => {
        const lines = this.#lines.slice(Math.max(seen - this.#lineCount + this.#lines.length, 0));
        const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (match) resolve(match);
        return match;
      };
      const fail = (reason: string) => reject(new Error(`${this.name} ${reason} before it printed ${pattern}`));
      const settle = () => {
        clearTimeout(timer);
        this.#printed.off('line', onLine);
      };
      const onLine = () => {
        if (look()) settle();
      };
      const timer = setTimeout(() => {
        fail('has run for a minute');
        settle();
      }, TIMEOUT_MS);
      this.#printed.on('line', onLine);
      onLine();
      void this.exited.then((outcome) => {
        if (!look()) fail(`ended with ${outcome}`);
        settle();
      });
    });
  }

  /**
   * Ends the program by SIGTERM, and waits for that.
   * @throws Error when its exit code is not 0, also because it was killed after 30 s
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const outcome = await this.exited;
    clearTimeout(timer);
    if (outcome !== 0) throw new Error(`${this.name} ended with ${outcome} after SIGTERM, not with 0`);
  }

  /** Ends the program without time for anything, as a crash does. */
  async kill(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #show(line: string): void {
    const shown = line.length > SHOWN_WIDTH ? `${line.slice(0, SHOWN_WIDTH)} …` : line;
    console.log(`      ${this.name} | ${shown}`);
    this.#lineCount += 1;
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#printed.emit('line');
  }
}
