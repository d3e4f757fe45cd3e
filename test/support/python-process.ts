import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../testkit/prerequisites.js';
import { newestRoot, programOf, visibleTo } from '../../testkit/release.js';
import { decode, encode, PythonError } from './python-values.js';

const SCRIPTS = fileURLToPath(new URL('./python', import.meta.url));
const STOP_TIMEOUT_MS = 15_000;
const LINES_KEPT = 60;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The Python process behind a peer: requests and answers as lines of JSON, told apart by an id. */
export class PythonProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lastWords: string[] = [];
  #lastId = 0;
  #gone = false;

  constructor() {
    // The script ends by itself when its input does, so it cannot outlive this process.
    const program = programOf(newestRoot, PYTHON, ['-u', join(visibleTo(newestRoot, SCRIPTS), 'peer.py')], {
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONIOENCODING: 'utf-8',
      // For use_queue_manager.
      OSLO_LOCK_PATH: '/tmp',
    });
    this.#child = spawn(program.file, program.args, { stdio: ['pipe', 'pipe', 'pipe'], env: program.env });
    this.#exited = once(this.#child, 'close').catch(() => undefined);
    this.#child.once('error', (error) => this.#bury(error.message));
    this.#child.once('close', (code, signal) => this.#bury(`exited with ${code ?? signal}`));
    this.#child.stdin.on('error', () => undefined);
    createInterface(this.#child.stdout).on('line', (line) => this.#answer(line));
    createInterface(this.#child.stderr).on('line', (line) => {
      this.#lastWords.push(line);
      if (this.#lastWords.length > LINES_KEPT) this.#lastWords.shift();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines that Python wrote to stderr, its log included. */
  get stderr(): string {
    return this.#lastWords.join('\n');
  }

  ask(operation: string, parameters: object = {}): Promise<unknown> {
    if (this.#gone) return Promise.reject(new Error(`the Python peer is gone\n${this.stderr}`));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, op: operation, with: encode(parameters) })}\n`);
    });
  }

  /** A fault: the process dies without closing anything. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async stop(): Promise<void> {
    if (!this.#gone) this.#child.stdin.end(`${JSON.stringify({ id: 0, op: 'quit' })}\n`);
    const killTimer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(killTimer);
  }

  #answer(line: string): void {
    const answer = JSON.parse(line) as { id: number; result?: unknown; error?: unknown };
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(decode(answer.result));
    else waiting?.reject(PythonError.from(answer.error));
  }

  #bury(reason: string): void {
    this.#gone = true;
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`the Python peer ${reason}\n${this.stderr}`));
    }
    this.#waiting.clear();
  }
}
