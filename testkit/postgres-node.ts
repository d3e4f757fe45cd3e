import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Reaper } from './reaper.js';

const run = promisify(execFile);

const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';
const START_LIMIT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

// Its processes have process groups of their own, and end with the first of them.
const END_AND_DELETE = `
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && tr '\\0' '\\n' < "/proc/$pid/cmdline" | grep -qxF "$1/data"; then
  kill -QUIT "$pid"
  while [ -e "/proc/$pid" ]; do sleep 0.1; done
fi 2>/dev/null
rm -rf -- "$1"
`;

/** Folder with the programs of the newest PostgreSQL that Debian's packages have installed; undefined without one. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  return versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** A private PostgreSQL server: its own data below a temporary folder, reached by a socket in that folder. */
export class PostgresNode {
  /** Connection string for clients of this machine. */
  readonly url: string;
  readonly #reaper: Reaper;
  #process: ChildProcess | undefined;

  private constructor(
    private readonly programs: string,
    private readonly folder: string,
    private readonly owner: { uid: number; gid: number } | undefined,
  ) {
    this.url = `postgresql://${USER}@localhost/postgres?host=${encodeURI(folder)}`;
    this.#reaper = new Reaper(END_AND_DELETE, folder);
  }

  /** Resolves when it accepts connections. */
  static async start(): Promise<PostgresNode> {
    const programs = postgresPrograms();
    if (programs === undefined) throw new Error(`There is no PostgreSQL below ${VERSIONS}`);
    const folder = await mkdtemp(join(tmpdir(), 'postgres-node-'));
    const owner = ownerOf(folder);
    const node = new PostgresNode(programs, folder, owner);
    try {
      const options = ['--pgdata', join(folder, 'data'), '--username', USER, '--auth', 'trust', '--no-sync'];
      await run(join(programs, 'initdb'), [...options, '--encoding', 'UTF8', '--locale', 'C.UTF-8'], {
        cwd: folder,
        ...owner,
      });
      await node.restart();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  /** A fault: all its processes end at once, without a checkpoint. The next start recovers. */
  async crash(): Promise<void> {
    await this.#end('SIGQUIT');
  }

  /** Runs the server again after `crash`. */
  async restart(): Promise<void> {
    const log = join(this.folder, 'output.log');
    const output = openSync(log, 'a');
    const data = join(this.folder, 'data');
    const settings = ['listen_addresses=', `unix_socket_directories="${this.folder}"`];
    const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
    const child = spawn(join(this.programs, 'postgres'), args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', output, output],
      ...this.owner,
    });
    closeSync(output);
    child.unref();
    this.#process = child;
    const end = performance.now() + START_LIMIT_MS;
    while (!(await this.#accepts())) {
      if (child.exitCode !== null || performance.now() > end)
        throw new Error(`PostgreSQL did not start:\n${await readFile(log, 'utf8')}`);
      await sleep(50);
    }
  }

  /** An orderly shutdown, after which nothing of the server is left. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
    await this.#reaper.release();
  }

  #accepts(): Promise<boolean> {
    return run(join(this.programs, 'pg_isready'), ['--host', this.folder, '--quiet']).then(
      () => true,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exited = once(child, 'exit');
    child.kill(signal);
    const killTimer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(killTimer);
  }
}

/** PostgreSQL refuses to run as root. Gives the folder to the user that Debian's package has made for it. */
function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' })));
  chownSync(folder, uid, gid);
  return { uid, gid };
}
