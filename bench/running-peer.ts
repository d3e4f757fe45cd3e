import { randomBytes } from 'node:crypto';
import type { Load, LoadResult } from './load.js';
import type { PeerName, Place } from './peer.js';
import { WorkerProcess } from './worker-process.js';

export interface Measured extends LoadResult {
  callsPerSecond: number;
  clientCpuMicrosPerCall: number;
  serverCpuMicrosPerCall: number;
}

/** A peer's server and client, each in a process of its own, connected and ready for load. */
export class RunningPeer {
  readonly #server: WorkerProcess;
  readonly #client: WorkerProcess;

  private constructor(
    readonly name: PeerName,
    readonly place: Place,
  ) {
    this.#server = new WorkerProcess(`${name} server`);
    this.#client = new WorkerProcess(`${name} client`);
  }

  static async start(name: PeerName, url: string): Promise<RunningPeer> {
    // A topic of its own: the broker may be one that others use as well.
    const peer = new RunningPeer(name, { url, topic: `bench-${name}-${randomBytes(4).toString('hex')}` });
    try {
      await peer.#server.ask({ kind: 'serve', peer: name, place: peer.place });
      await peer.#client.ask({ kind: 'connect', peer: name, place: peer.place });
    } catch (error) {
      await peer.stop();
      throw error;
    }
    return peer;
  }

  async measure(load: Load): Promise<Measured> {
    const before = await this.#serverCpu();
    const result = (await this.#client.ask({ kind: 'load', load }, load.seconds + 90)) as LoadResult;
    const serverCpu = (await this.#serverCpu()) - before;
    return {
      ...result,
      callsPerSecond: result.answered / result.seconds,
      clientCpuMicrosPerCall: result.cpuMicros / result.answered,
      serverCpuMicrosPerCall: serverCpu / result.answered,
    };
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
