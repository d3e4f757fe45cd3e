import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PYTHON } from '../testkit/prerequisites.js';
import { isDenying, newestRoot, PERMITTED_QUERY, type Program, programOf, visibleTo } from '../testkit/release.js';

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
  static async start({ file, args, env }: Program): Promise<ReferenceProcess> {
    const started = new ReferenceProcess(spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
    try {
      await started.ready();
      return started;
    } catch (cause) {
      await started.stop();
      throw new Error(`${file} ${args.join(' ')} did not get ready\n${started.lastWords.join('\n')}`, { cause });
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

/**
 * Program of the Python reference server, with the options that the broker needs.
 * @param folder that of reference_server.py
 * @param where topic and server, as arguments
 */
export function pythonReference(folder: string, url: string, where: readonly string[]): Program {
  const script = join(visibleTo(newestRoot, resolve(folder)), 'reference_server.py');
  const permitted = isDenying ? `${url}?${PERMITTED_QUERY}` : url;
  return programOf(newestRoot, PYTHON, [script, '--url', permitted, ...where], { PYTHONDONTWRITEBYTECODE: '1' });
}
