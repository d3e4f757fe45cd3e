import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { amqpUrl } from './amqp.js';
import type { NodePlace } from './cluster-network.js';
import { untilDeniable } from './late-denial.js';
import { RABBIT_SCRIPTS, RabbitControl } from './rabbit-control.js';
import { layOut, outputTail, type RabbitFiles, type RabbitOptions } from './rabbit-files.js';
import { DELETE_FOLDER, Reaper } from './reaper.js';
import { inNamespace, programOf } from './release.js';

const START_LIMIT = 180_000;
const STOP_TIMEOUT_MS = 20_000;
const GUEST = { name: 'guest', password: 'guest' };

/** A private RabbitMQ node: its own ports, data and cookie, all of which go with it. */
export class RabbitNode {
  readonly url: string;
  readonly port: number;
  /** The management plugin's address; undefined unless the plugin was asked for. */
  readonly managementUrl: string | undefined;
  readonly streamPort: number | undefined;
  readonly tlsPort: number | undefined;
  readonly control: RabbitControl;

  readonly #files: RabbitFiles;
  readonly #reaper: Reaper;
  #process: ChildProcess | undefined;

  private constructor(files: RabbitFiles, user: { name: string; password: string }) {
    this.#files = files;
    this.#reaper = new Reaper(DELETE_FOLDER, files.folder);
    this.port = files.port;
    this.url = `rabbit://${user.name}:${user.password}@${files.host}:${files.port}/`;
    this.managementUrl = files.managementPort ? `http://${files.host}:${files.managementPort}` : undefined;
    this.streamPort = files.streamPort;
    this.tlsPort = files.tlsPort;
    this.control = new RabbitControl({
      nodename: files.nodename,
      home: files.home,
      root: files.root,
      namespace: files.place?.namespace,
    });
  }

  /** Resolves when an AMQP connection opens. */
  static async start(options: RabbitOptions = {}): Promise<RabbitNode> {
    const node = new RabbitNode(await layOut(options), options.user ?? GUEST);
    try {
      await node.#launch();
    } catch (error) {
      await node.#reaper.release();
      throw error;
    }
    return node;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Network namespace of the node, where it has its own. */
  get place(): NodePlace | undefined {
    return this.#files.place;
  }

  rabbitmqctl(command: string, ...args: string[]): Promise<string> {
    return this.control.rabbitmqctl(command, ...args);
  }

  /** A fault: the node has too little memory, so that it reads from no connection that publishes. Or it has enough again. */
  async alarm(raised: boolean): Promise<void> {
    const limit = raised ? '0.0000001' : '0.4';
    // The alarm is told to the connections by another process, which answers afterwards.
    const expressions = [`vm_memory_monitor:set_vm_memory_high_watermark(${limit})`, 'rabbit_alarm:get_alarms()'];
    await this.rabbitmqctl('eval', `${expressions.join(', ')}.`);
  }

  /** A fault: the whole process group stands still. Its connections stay open. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  /** Ends `pause`. */
  resume(): void {
    this.#signal('SIGCONT');
  }

  /** A fault: the whole process group dies at once, without a word to its clients. The data stays. */
  async kill(): Promise<void> {
    await this.#end((pid) => process.kill(-pid, 'SIGKILL'));
  }

  /** An orderly shutdown. The data stays, for `restart`. */
  async halt(): Promise<void> {
    // The script passes the signal on to the Erlang machine and waits for it.
    await this.#end((pid) => process.kill(pid, 'SIGTERM'));
  }

  /** Runs the node again, on the same data and ports, after `kill` or `halt` (and halts it first when it runs). */
  async restart(): Promise<void> {
    await this.halt();
    await untilDeniable(() => this.#launch());
  }

  /** An orderly shutdown, after which nothing of the node is left. */
  async stop(): Promise<void> {
    await this.halt();
    await this.#reaper.release();
  }

  async #launch(): Promise<void> {
    const output = openSync(this.#files.output, 'a');
    // A process group of its own: the server is a shell script with the Erlang machine as its child.
    const { root, env, place } = this.#files;
    const server = programOf(root, `${RABBIT_SCRIPTS}/rabbitmq-server`, [], env);
    const program = inNamespace(server, place?.namespace);
    const child = spawn(program.file, program.args, {
      cwd: this.#files.folder,
      env: program.env,
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child.unref();
    const failure = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`the node exited with ${code ?? signal}`)));
    });
    failure.catch(() => undefined);
    this.#process = child;
    this.#reaper.watch(child.pid ?? 0);
    const stopWaiting = new AbortController();
    try {
      await Promise.race([failure, this.#ready(stopWaiting.signal)]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const tail = await outputTail(this.#files);
      await this.kill();
      throw new Error(`RabbitMQ did not start: ${reason}\n${tail}`, { cause });
    } finally {
      stopWaiting.abort();
    }
  }

  async #ready(signal: AbortSignal): Promise<void> {
    const end = performance.now() + START_LIMIT;
    let last: unknown;
    while (performance.now() < end && !signal.aborted) {
      try {
        const connection = await connect(amqpUrl(this.url), { timeout: 5000 });
        connection.on('error', () => undefined);
        await connection.close();
        return;
      } catch (error) {
        last = error;
      }
      await sleep(100);
    }
    throw new Error(`no AMQP connection on port ${this.port} within ${START_LIMIT} ms`, { cause: last });
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`The node on port ${this.port} does not run`);
    process.kill(-pid, signal);
  }

  async #end(signalTo: (pid: number) => void): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.ref();
      const exited = once(child, 'exit');
      signalTo(child.pid);
      const killTimer = setTimeout(() => killGroup(child.pid), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(killTimer);
    }
    // The script may go before the Erlang machine does.
    while (await accepts(this.#files)) {
      killGroup(child.pid);
      await sleep(20);
    }
    this.#reaper.watch(0);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function accepts({ host, port }: RabbitFiles): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, host);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
