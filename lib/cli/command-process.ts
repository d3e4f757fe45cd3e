import { describeError, EXIT, UsageError } from './exit-code.js';

/** Writes to standard output. */
export type Print = (text: string) => void;

/** Process of a command. It ends with the command, and modules that the command loads neither write its result nor end it. */
export class CommandProcess {
  private readonly leftEarly = () => {
    this.fail(new UsageError('the loaded module has ended the process. It must only export'));
  };

  /** Writes a result to standard output. */
  readonly print: Print = (text) => {
    process.stdout.write(text);
  };

  /**
   * Prepares for the code of a module. Standard output is kept for the result: anything else, such as the log of an
   * application that the module starts, goes to standard error. Returns the function that writes the result.
   */
  hostModule(): Print {
    const { stdout, stderr } = process;
    const write = stdout.write.bind(stdout);
    stdout.write = stderr.write.bind(stderr);
    process.on('exit', this.leftEarly);
    process.on('uncaughtException', (error) => {
      this.fail(new UsageError(`the loaded module has failed: ${describeError(error)}`));
      this.exit();
    });
    return (text) => {
      write(text);
    };
  }

  /** Ends the process when its output is written, also where a module has left timers or connections. */
  async end(): Promise<void> {
    await Promise.all([process.stdout, process.stderr].map(drained));
    this.exit();
  }

  private exit(): void {
    process.off('exit', this.leftEarly);
    process.exit();
  }

  private fail(error: UsageError): void {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = EXIT.usage;
  }
}

/** Resolves when a stream has written all. A reader that has closed its pipe is not waited for. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.errored) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('drain', resolve).once('error', () => resolve());
  });
}
