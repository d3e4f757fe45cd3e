import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

// Reads process group ids from its input. At the end of it, i.e. when the parent is gone, however it went, the last
// group is killed and the rest cleaned up. A signal handler in the parent could not do that for a SIGKILL.
const SCRIPT = `
group=0
while read -r line; do group=$line; done
if [ "$group" -gt 0 ]; then kill -9 "-$group" 2>/dev/null; sleep 0.2; fi
`;
/** Script that deletes the folder of its first argument. */
export const DELETE_FOLDER = 'rm -rf -- "$1"';

/** A small shell process that outlives this one just long enough to clean up behind it. */
export class Reaper {
  readonly #shell: ChildProcess;

  /** @param cleanup shell script that comes last, with its arguments */
  constructor(cleanup: string, ...args: string[]) {
    this.#shell = spawn('/bin/sh', ['-c', `${SCRIPT}${cleanup}`, 'reaper', ...args], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#shell.unref();
    if (this.#shell.stdin instanceof Socket) this.#shell.stdin.unref();
  }

  /** The process group to kill from now on; 0 for none. */
  watch(group: number): void {
    this.#shell.stdin?.write(`${group}\n`);
  }

  /** Kills the watched group if there is one, and cleans up. */
  async release(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    this.#shell.ref();
    const exited = once(this.#shell, 'exit');
    this.#shell.stdin?.end();
    await exited;
  }
}
