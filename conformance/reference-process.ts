import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const START_LIMIT = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const LINES_KEPT = 40;

/** A reference server in a process of its own, which says `ready` when it can be called. */
export class ReferenceProcess {
  private readonly lastWords: string[] = [];
  private readonly exited: Promise<unknown>;

  private constructor(private readonly child: ChildProcessByStdio<null, Readable, Readable>) {
    this.exited = once(child, 'close').catch(() => undefined);
    createInterface(child.stderr).on('line', (line) => {
      this.lastWords.push(line);
      if (this.lastWords.length > LINES_KEPT) this.lastWords.shift();
    });
  }

  /** @throws Error with the last words of a process that does not get ready */
  static async start(command: string, args: readonly string[]): Promise<ReferenceProcess> {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const started = new ReferenceProcess(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
    try {
      await started.ready();
      return started;
    } catch (cause) {
      await started.stop();
      throw new Error(`${command} ${args[0]} did not get ready\n${started.lastWords.join('\n')}`, { cause });
    }
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const killTimer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(killTimer);
  }

  private async ready(): Promise<void> {
    const lines = createInterface(this.child.stdout);
    const signal = AbortSignal.timeout(START_LIMIT);
    const gone = this.exited.then(() => Promise.reject(new Error('the process ended')));
    gone.catch(() => undefined);
    const [line] = (await Promise.race([once(lines, 'line', { signal }), gone])) as [string];
    if (line !== 'ready') throw new Error(`the process said ${JSON.stringify(line)}`);
  }
}
