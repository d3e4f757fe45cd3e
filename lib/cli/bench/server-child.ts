import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Deadline } from '../../internal.js';
import type { CpuProfile } from '../profile/cpu-profiler.js';
import type { ServeFlags } from './bench-plan.js';
import type { FromServer, ToServer } from './server-messages.js';

const PROGRAM = fileURLToPath(new URL('./server-process.js', import.meta.url));
/** Time for the process to start and to declare its queues, and to stop, in milliseconds. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
/** Time to start or to end its profile, which V8 has to put together. */
const PROFILE_TIMEOUT_MS = 30_000;

const DONE = { ready: 'started', profiling: 'started its profile', profiled: 'ended its profile', stopped: 'stopped' };
type Outcome = keyof typeof DONE;
type Answer<Kind extends Outcome> = Extract<FromServer, { kind: Kind }>;

/** Demonstration server in a process of its own. It ends with this process, however this ends. */
export class ServerChild {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts the server. Resolves when it consumes. @throws Error where it cannot start */
  static async start(serve: ServeFlags, notifications: boolean): Promise<ServerChild> {
    // In a group of its own: Ctrl-C must end the load first. Flags go by the channel, since they may hold a password.
    const child = fork(PROGRAM, { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const started = new ServerChild(child);
    try {
      await started.ask({ kind: 'start', serve, notifications }, 'ready', START_TIMEOUT_MS);
      return started;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Starts V8's profiler in the process. */
  async startProfile(): Promise<void> {
    await this.ask({ kind: 'start profile' }, 'profiling', PROFILE_TIMEOUT_MS);
  }

  async endProfile(): Promise<CpuProfile> {
    return (await this.ask({ kind: 'end profile' }, 'profiled', PROFILE_TIMEOUT_MS)).profile;
  }

  /** Stops the server after its running methods. Kills a server that does not stop in time. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    try {
      await this.ask({ kind: 'stop' }, 'stopped', STOP_TIMEOUT_MS);
    } catch {
      this.child.kill('SIGKILL');
    }
  }

  private ask<Kind extends Outcome>(message: ToServer, awaited: Kind, timeoutMs: number): Promise<Answer<Kind>> {
    const { child } = this;
    let release = () => {};
    const answered = new Promise<Answer<Kind>>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`The demonstration server has not ${DONE[awaited]}: ${why}`));
      const onMessage = (answer: FromServer) => {
        if (isA(answer, awaited)) resolve(answer);
        else if (answer.kind === 'failed') failed(answer.error);
      };
      const onExit = (code: number | null) => failed(`its process has ended (${code ?? 'by a signal'})`);
      const onError = (error: Error) => failed(error.message);
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      release = () => void child.off('message', onMessage).off('exit', onExit).off('error', onError);
    });
    child.send(message, () => undefined);
    return Deadline.after(timeoutMs)
      .race(answered, () => new Error(`The demonstration server has not answered within ${timeoutMs / 1000} s`))
      .finally(release);
  }
}

function isA<Kind extends Outcome>(answer: FromServer, kind: Kind): answer is Answer<Kind> {
  return answer.kind === kind;
}
