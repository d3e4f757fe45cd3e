import type { Writable } from 'node:stream';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { describeError, EXIT, errorDocument, exitCodeOf, UsageError } from './exit-code.js';
import type { Input, Output, Surroundings } from './surroundings.js';
import { coloured } from './terminal/colours.js';
import { Interruption } from './terminal/interruption.js';
import { toJsonLine } from './terminal/json-line.js';

/** Time in milliseconds for the last output after an interruption. */
const LAST_WRITE_MS = 500;

/** Writes to standard output. */
export type Print = (text: string) => void;

/** Writes a line to standard error. */
export type Note = (line: string) => void;

/** Process of a command. It ends with the command, and modules that the command loads neither write its result nor end it. */
export class CommandProcess {
  /** Signals, and a reader of standard output that closes the pipe. */
  readonly interruption: Interruption;

  /** Start of the command on the monotonic clock, which begins with a process. */
  readonly started: number;

  /** Resolves when standard output takes more; undefined while it does. */
  private full: Promise<void> | undefined;

  /** True where the command prints JSON: its error is then JSON, too. */
  isJson = false;

  /** Writes to standard output, whatever a loaded module does to it. */
  private write: Print = (text) => {
    this.output.write(text);
  };

  private readonly leftEarly = () => {
    this.fail(new UsageError('the loaded module has ended the process. It must only export'));
  };

  /** @param surroundings others than those of this process are for commands that neither load modules nor are interrupted */
  constructor(private readonly surroundings: Surroundings = process) {
    this.started = surroundings === process ? 0 : performance.now();
    this.interruption = new Interruption(surroundings);
  }

  /** Variables. */
  get environment(): NodeJS.ProcessEnv {
    return this.surroundings.env;
  }

  /** Standard input. */
  get input(): Input {
    return this.surroundings.stdin;
  }

  /** Standard output, for {@link print} and {@link printLine}, and for writers that watch how fast it is read. */
  get output(): Output {
    return this.surroundings.stdout;
  }

  /** Standard error, for {@link printError} and {@link note}, and for writers that need to know whether it is a terminal. */
  get errors(): Output {
    return this.surroundings.stderr;
  }

  get exitCode(): NodeJS.Process['exitCode'] {
    return this.surroundings.exitCode;
  }

  set exitCode(code: NodeJS.Process['exitCode']) {
    this.surroundings.exitCode = code;
  }

  /** Writes a result to standard output. */
  readonly print: Print = (text) => this.write(text);

  /** Writes to standard error, which is for everything but the result. */
  readonly printError: Print = (text) => {
    this.surroundings.stderr.write(text);
  };

  /** Writes a line to standard error. */
  readonly note: Note = (line) => {
    this.printError(`${line}\n`);
  };

  /**
   * Writes a part of an endless result to standard output, after those that wait. Resolves when a slow reader has read enough,
   * or at the interruption.
   */
  async printLine(text: string): Promise<void> {
    const { signal } = this.interruption;
    while (this.full && !signal.aborted) await this.full;
    if (this.output.write(text) || signal.aborted) return;
    // One for all lines that wait.
    this.full ??= Promise.race([drained(this.output), this.interruption.happens]).then(() => {
      this.full = undefined;
    });
    await this.full;
  }

  /**
   * Prepares for the code of a module. Standard output is kept for the result: anything else, such as the log of an
   * application that the module starts, goes to standard error. Returns the function that writes the result.
   */
  hostModule(): Print {
    if (this.surroundings !== process) throw new Error('modules are loaded in a process of their own');
    const { stdout, stderr } = process;
    const write = stdout.write.bind(stdout);
    this.write = (text) => void write(text);
    stdout.write = stderr.write.bind(stderr);
    process.on('exit', this.leftEarly);
    process.on('uncaughtException', (error) => {
      this.fail(new UsageError(`the loaded module has failed: ${describeError(error)}`));
      this.exit();
    });
    return this.print;
  }

  /** Ends the process when its output is written, also where a module has left timers or connections. */
  async end(): Promise<void> {
    // The error of a write to a file comes after all that is only awaited.
    await immediate();
    // A reader that has stopped reading, such as a pager, must not hold up an interruption.
    const written = Promise.all([this.output, this.errors].map(drained));
    await Promise.race([written, this.interruption.happens.then(() => sleep(LAST_WRITE_MS))]);
    if (this.interruption.hasFailedToWrite) this.exitCode ||= EXIT.failed;
    this.exit();
  }

  /** Reports the error of the command: by the exit code, a line on standard error, and with `--json` a document. */
  fail(error: unknown): void {
    this.exitCode = exitCodeOf(error);
    if (this.isJson) this.print(toJsonLine(errorDocument(error)));
    const [name = '', ...rest] = describeError(error).split(':');
    this.note([coloured('red', name, this.errors), ...rest].join(':'));
  }

  private exit(): void {
    process.off('exit', this.leftEarly);
    process.exit();
  }
}

/** Resolves when a stream has written all. A reader that has closed its pipe is not waited for. */
function drained(stream: Writable): Promise<void> {
  if (stream.writableLength === 0 || stream.errored) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('error', done).off('close', done);
      resolve();
    };
    stream.once('drain', done).once('error', done).once('close', done);
  });
}
