import { PYTHON } from '../../testkit/prerequisites.js';
import type { SubjectName } from '../peers/peer.js';
import { sum } from '../statistics.js';
import type { Broker } from './broker.js';
import type { Load } from './load.js';
import { payload, payloadOf, textOf } from './payload.js';
import { WorkerProcess } from './worker-process.js';

export interface Setting {
  peer: SubjectName;
  /** Default: the broker of the session. */
  broker?: Broker;
  /** Transport URL. Default: the broker's. */
  url?: string;
  /** Runs server and client in one process. Default: false. */
  alone?: boolean;
  /** Path of the Node.js to run on. Default: that of this process. */
  node?: string;
  /** Number of server processes on the topic. Default: 1. */
  servers?: number;
  /** Number of client processes. Default: 1. */
  clients?: number;
}

/** The embedded transport. Both ends are in one process. */
export const EMBEDDED = { peer: 'oslo', url: 'memory://bench', alone: true } as const satisfies Setting;

export type Measured = Awaited<ReturnType<Subject['attempt']>>;

/** Servers and clients of a peer in processes of their own. */
export class Subject {
  static #count = 0;
  /** Time that the servers took to connect, declare and consume, in milliseconds. */
  startMs = Number.NaN;
  readonly place: { url: string; topic: string };
  readonly servers: readonly WorkerProcess[];
  readonly clients: readonly WorkerProcess[];
  /** The first, and usually the only one. */
  readonly server: WorkerProcess;
  readonly client: WorkerProcess;

  constructor(
    private readonly broker: Broker,
    readonly setting: Setting,
  ) {
    const { peer, url = broker.url, alone = false, servers = 1, clients = 1 } = setting;
    this.place = { url, topic: `bench-${peer}-${Subject.#count++}` };
    const node = peer === 'oslo-python' ? PYTHON : setting.node;
    const workers = (count: number, role: string) =>
      Array.from({ length: count }, (_, index) => new WorkerProcess(`${peer} ${role} ${index}`, node));
    this.servers = workers(servers, 'server');
    this.clients = alone ? this.servers : workers(clients, 'client');
    [this.server, this.client] = [this.servers[0], this.clients[0]] as [WorkerProcess, WorkerProcess];
  }

  async start(): Promise<void> {
    const { peer } = this.setting;
    const place = (index: number) => ({ ...this.place, host: `host${index}` });
    const starts = this.servers.map((server, index) => server.ask('serve', peer, place(index)));
    this.startMs = Math.max(...(await Promise.all(starts)));
    await Promise.all(this.clients.map((client, index) => client.ask('connect', peer, place(index))));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.clients, ...this.servers].map((worker) => worker.kill()));
  }

  /**
   * Fails when a call fails: calls that fail at once are fast.
   * @param bytes approximate size of the arguments. Default: the usual payload of 200 bytes
   * @param isText true for one text of that size, instead of records
   */
  async measure(load: Load, bytes?: number, isText = false): Promise<Measured> {
    return this.withoutErrors(await this.attempt(load, bytes, isText));
  }

  /** Measures the load of all clients together, in which some calls may fail. CPU is that of one call. */
  async attempt(load: Load, bytes?: number, isText = false) {
    const args = bytes === undefined ? payload : (isText ? textOf : payloadOf)(bytes);
    const serversBefore = await this.#serverCpu();
    const brokerBefore = await this.broker.cpuMicros();
    const results = await Promise.all(this.clients.map((client) => client.ask('load', load, args)));
    const brokerCpu = (await this.broker.cpuMicros()) - brokerBefore;
    const serverCpu = (await this.#serverCpu()) - serversBefore;
    const clientCpu = sum(results.map((it) => it.cpuMicros));
    const answered = sum(results.map((it) => it.answered));
    const callsPerSecond = sum(results.map((it) => it.answered / it.seconds));
    const cores = (micros: number) => ((micros / answered) * callsPerSecond) / 1e6;
    return {
      answered,
      errors: sum(results.map((it) => it.errors)),
      firstError: results.find(({ firstError }) => firstError)?.firstError,
      // Of the slowest client.
      p50Ms: Math.max(...results.map((it) => it.p50Ms)),
      p99Ms: Math.max(...results.map((it) => it.p99Ms)),
      callsPerSecond,
      clientCpuMicros: clientCpu / answered,
      serverCpuMicros: serverCpu / answered,
      // Of clients and servers. A process that is both counts once.
      cpuMicros: (this.setting.alone ? clientCpu : clientCpu + serverCpu) / answered,
      brokerCpuMicros: brokerCpu / answered,
      clientCores: cores(clientCpu),
      serverCores: cores(serverCpu),
      brokerCores: cores(brokerCpu),
    };
  }

  /** Freezes the server, and returns the client's bytes in use at each number of pending calls. `settle` follows. */
  async pend(counts: readonly number[]): Promise<number[]> {
    const bytes: number[] = [];
    this.server.freeze(true);
    for (const count of counts) bytes.push(await this.client.ask('pend', count));
    this.server.freeze(false);
    return bytes;
  }

  withoutErrors<Result extends { errors: number; firstError?: string | undefined }>(result: Result): Result {
    const { errors, firstError } = result;
    if (errors > 0) throw new Error(`${this.setting.peer}: ${errors} calls failed, the first: ${firstError}`);
    return result;
  }

  async #serverCpu(): Promise<number> {
    return sum(await Promise.all(this.servers.map((server) => server.ask('cpu'))));
  }
}
