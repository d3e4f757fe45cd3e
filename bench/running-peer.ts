import { randomBytes } from 'node:crypto';
import { PYTHON } from '../test/support/prerequisites.js';
import type { Broker } from './broker.js';
import type { Memory } from './heap.js';
import type { Load, LoadResult, Pace, PaceResult } from './load.js';
import { payload, payloadOf } from './payload.js';
import type { Place, SubjectName } from './peer.js';
import type { CpuProfile } from './profile/cpu-profiler.js';
import { WorkerProcess } from './worker-process.js';

export interface Measured extends LoadResult {
  callsPerSecond: number;
  clientCpuMicrosPerCall: number;
  serverCpuMicrosPerCall: number;
  /** A process that is both counts once. */
  bothCpuMicrosPerCall: number;
  /** NaN where the broker is not on this machine. */
  brokerCpuMicrosPerCall: number;
}

export interface Pended {
  /** In use at each number of pending calls. */
  bytes: number[];
  /** Why not all were answered in the end. */
  lost?: string;
}

/** Patience beyond a load's own time. */
const PATIENCE = 90;

export interface Setting {
  /** @default the broker's */
  url?: string;
  /** Server and client in one process, which then is both. @default false */
  alone?: boolean;
  /** The Node.js that both run on. @default that of this process */
  node?: string;
}

/** The embedded transport, of which both ends are in one process. */
export const EMBEDDED = { url: 'memory://bench', alone: true } as const;

/** A peer's server and client, each in a process of its own unless told otherwise, connected and ready for load. */
export class RunningPeer<Name extends SubjectName = SubjectName> {
  readonly #server: WorkerProcess;
  readonly #client: WorkerProcess;
  #startMs = Number.NaN;

  private constructor(
    readonly name: Name,
    readonly place: Place,
    private readonly broker: Broker,
    alone: boolean,
    node: string | undefined,
  ) {
    const program = name === 'oslo-python' ? PYTHON : node;
    this.#server = new WorkerProcess(`${name} server`, program);
    this.#client = alone ? this.#server : new WorkerProcess(`${name} client`, program);
  }

  static async start<Name extends SubjectName>(
    name: Name,
    broker: Broker,
    { url = broker.url, alone = false, node }: Setting = {},
  ): Promise<RunningPeer<Name>> {
    // A topic of its own: the broker may be one that others use as well.
    const place = { url, topic: `bench-${name}-${randomBytes(4).toString('hex')}` };
    const peer = new RunningPeer(name, place, broker, alone, node);
    try {
      peer.#startMs = Number(await peer.#server.ask({ kind: 'serve', peer: name, place }));
      await peer.#client.ask({ kind: 'connect', peer: name, place });
    } catch (error) {
      await peer.stop();
      throw error;
    }
    return peer;
  }

  /** What the server took to connect, declare and consume, in milliseconds. */
  get startMs(): number {
    return this.#startMs;
  }

  /** @param bytes about so much of arguments; the usual payload otherwise */
  async measure(load: Load, bytes?: number): Promise<Measured> {
    const args = bytes === undefined ? payload : payloadOf(bytes);
    const limit = PATIENCE + ('seconds' in load ? load.seconds : load.calls / 500);
    const server = await this.#serverCpu();
    const broker = await this.broker.cpuMicros();
    const result = (await this.#client.ask({ kind: 'load', load, args }, limit)) as LoadResult;
    const brokerCpu = (await this.broker.cpuMicros()) - broker;
    const serverCpu = (await this.#serverCpu()) - server;
    const bothCpu = this.#server === this.#client ? result.cpuMicros : result.cpuMicros + serverCpu;
    return {
      ...result,
      callsPerSecond: result.answered / result.seconds,
      clientCpuMicrosPerCall: result.cpuMicros / result.answered,
      serverCpuMicrosPerCall: serverCpu / result.answered,
      bothCpuMicrosPerCall: bothCpu / result.answered,
      brokerCpuMicrosPerCall: brokerCpu / result.answered,
    };
  }

  async pace(pace: Pace): Promise<PaceResult> {
    return (await this.#client.ask({ kind: 'pace', pace, args: payload }, pace.seconds + PATIENCE)) as PaceResult;
  }

  /** The same under V8's profiler. A process that is both has one profile, and is the client. */
  async profile(load: Load): Promise<{ measured: Measured; client: CpuProfile; server: CpuProfile | undefined }> {
    const server = this.#server === this.#client ? undefined : this.#server;
    await this.#client.ask({ kind: 'profile' });
    await server?.ask({ kind: 'profile' });
    const measured = await this.measure(load);
    const client = (await this.#client.ask({ kind: 'profiled' })) as CpuProfile;
    return { measured, client, server: (await server?.ask({ kind: 'profiled' })) as CpuProfile | undefined };
  }

  async memory(): Promise<{ client: Memory; server: Memory }> {
    const client = (await this.#client.ask({ kind: 'memory' })) as Memory;
    const server = (await this.#server.ask({ kind: 'memory' })) as Memory;
    return { client, server };
  }

  /** Stops the server, and looks at the client's memory at each number of calls that wait; then lets it answer all. */
  async pend(counts: readonly number[]): Promise<Pended> {
    const bytes: number[] = [];
    this.#server.freeze(true);
    try {
      for (const count of counts) bytes.push(Number(await this.#client.ask({ kind: 'pend', count })));
    } finally {
      this.#server.freeze(false);
    }
    try {
      await this.#client.ask({ kind: 'settle' }, PATIENCE);
      return { bytes };
    } catch (error) {
      return { bytes, lost: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Open connections of server and client together. */
  async connections(): Promise<number> {
    const counts = [await this.#client.ask({ kind: 'connections' }), await this.#server.ask({ kind: 'connections' })];
    return counts.map(Number).reduce((sum, count) => sum + count, 0);
  }

  /** The client first: a server that goes away under its client would be a fault. */
  async stop(): Promise<void> {
    await this.#client.stop();
    await this.#server.stop();
  }

  async #serverCpu(): Promise<number> {
    return Number(await this.#server.ask({ kind: 'cpu' }));
  }
}

/** A figure with errors in it would be no figure: calls that fail at once are fast. */
export async function measured(peer: RunningPeer, load: Load, bytes?: number): Promise<Measured> {
  const result = await peer.measure(load, bytes);
  if (result.errors > 0)
    throw new Error(`${peer.name}: ${result.errors} calls failed, the first: ${result.firstError}`);
  return result;
}
