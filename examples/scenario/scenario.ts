import { fileURLToPath } from 'node:url';
import { Program } from './program.js';

const PYTHON = '/usr/bin/python3';

/** Database that a scenario can take away and bring back. */
export interface Database {
  /** Connection string. */
  readonly url: string;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again after a crash. */
  restart(): Promise<void>;
}

/** Parts that `npm run example` provides. */
export interface Surroundings {
  /** Name of the example, which is the folder of its programs. */
  readonly example: string;
  readonly transportUrl: string;
  /** Undefined for an example that needs none. */
  readonly database?: Database | undefined;
  /** Start the programs, and run no steps. @default false */
  readonly serve?: boolean;
}

/** Demonstration of an example: it starts the programs, and runs steps each of which checks its result. */
export class Scenario {
  readonly #programs: Program[] = [];
  readonly #ready = new Set<Program>();
  #steps = 0;
  #failed = 0;
  #isClosing = false;
  #lose: (error: Error) => void = () => undefined;
  /** Rejects when a program ends that nobody has stopped. */
  readonly loss = new Promise<never>((_, reject) => {
    this.#lose = reject;
  });

  constructor(private readonly surroundings: Surroundings) {
    this.loss.catch(() => undefined);
  }

  get transportUrl(): string {
    return this.surroundings.transportUrl;
  }

  /** The URL in a command to print. One that was given may have a password, and is not printed. */
  get shellUrl(): string {
    return process.env.TRANSPORT_URL ? '"$TRANSPORT_URL"' : `'${this.transportUrl}'`;
  }

  /** @throws Error for an example that is not listed with a database */
  get database(): Database {
    const { database, example } = this.surroundings;
    if (!database) throw new Error(`The example ${example} has no database`);
    return database;
  }

  /** True when the programs only serve, without steps. */
  get isServing(): boolean {
    return this.surroundings.serve ?? false;
  }

  /** Number of steps so far that worked, and that did not. */
  get outcome(): { worked: number; failed: number } {
    return { worked: this.#steps - this.#failed, failed: this.#failed };
  }

  /**
   * Starts a compiled program of the example.
   * @param ready line that it prints when it can be used
   */
  node(name: string, file: string, ready: RegExp, env: Record<string, string> = {}): Promise<Program> {
    const path = new URL(`../${this.surroundings.example}/${file}`, import.meta.url);
    return this.#start(() => new Program(name, [process.execPath, fileURLToPath(path)], this.#env(env)), ready);
  }

  /** The same for a program in Python, with the interpreter of the distribution, which has oslo.messaging. */
  python(name: string, file: string, ready: RegExp, env: Record<string, string> = {}): Promise<Program> {
    // Python is not compiled: from dist/examples/scenario to the sources.
    const path = new URL(`../../../examples/${this.surroundings.example}/${file}`, import.meta.url);
    const command = [PYTHON, '-u', '-B', fileURLToPath(path)];
    return this.#start(() => new Program(name, command, this.#env(env)), ready);
  }

  /** Runs one step, and prints its result in a line. A failed step does not end the scenario. */
  async step(title: string, body: () => Promise<string>): Promise<void> {
    if (this.#isClosing) return;
    this.#steps += 1;
    const [mark, result] = await body().then(
      (text) => ['✓', text],
      (error: unknown) => ['✗', `FAILED: ${error instanceof Error ? error.message : error}`],
    );
    if (mark === '✗') this.#failed += 1;
    // A step that was interrupted has no result.
    if (!this.#isClosing) console.log(`  ${mark} ${title}: ${result}`);
  }

  /**
   * Stops the programs, the last one first.
   * @throws Error when one of them did not end well
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    const failures: unknown[] = [];
    for (let program = this.#programs.pop(); program; program = this.#programs.pop()) {
      // A program that still starts does not handle signals yet.
      if (!this.#ready.has(program)) await program.kill();
      else if (program.isServing) await program.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #start(create: () => Program, ready: RegExp): Promise<Program> {
    if (this.#isClosing) throw new Error('The demonstration was interrupted');
    const program = create();
    this.#programs.push(program);
    void program.exited.then((outcome) => {
      if (program.isLost) this.#lose(new Error(`${program.name} ended with ${outcome}`));
    });
    await program.prints(ready);
    this.#ready.add(program);
    return program;
  }

  #env(own: Record<string, string>): Record<string, string> {
    const { transportUrl, database } = this.surroundings;
    return { TRANSPORT_URL: transportUrl, ...(database && { DATABASE_URL: database.url }), ...own };
  }
}
