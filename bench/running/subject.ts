import { randomBytes } from 'node:crypto';
import { PYTHON } from '../../testkit/prerequisites.js';
import { type Place, QUORUM_EXCHANGE, type SubjectName, topicNames } from '../peers/peer.js';
import type { Broker } from './broker.js';
import type { CpuProfile } from './cpu-profiler.js';
import type { Load, LoadResult, Pace, PaceResult } from './load.js';
import type { Memory } from './memory.js';
import { payload, payloadOf } from './payload.js';
import { WorkerProcess } from './worker-process.js';

/** Cores that each part used. */
export interface Cores {
  clientCores: number;
  serverCores: number;
  /** NaN for a broker that `TEST_RABBIT_URL` names, as below. */
  brokerCores: number;
}

/** Load of all clients together. Latencies are those of the slowest client. */
export interface Measured extends LoadResult, Cores {
  callsPerSecond: number;
  clientCpuMicrosPerCall: number;
  serverCpuMicrosPerCall: number;
  /** CPU of clients and servers. A process that is both counts once. */
  bothCpuMicrosPerCall: number;
  brokerCpuMicrosPerCall: number;
}

export interface Pended {
  /** Bytes in use at each number of pending calls. */
  bytes: number[];
  /** Reason why not all calls were answered in the end. */
  lost?: string;
}

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

/** Time for an answer beyond the time of a load, in seconds. */
const GRACE_S = 90;
const SOAK_TIMEOUT_S = 300;

/** Servers and clients of a peer in processes of their own, connected and ready for load. */
export class Subject {
  /** Time that the servers took to connect, declare and consume, in milliseconds. */
  startMs = Number.NaN;
  readonly #place: Omit<Place, 'host'>;
  readonly #servers: readonly WorkerProcess[];
  readonly #clients: readonly WorkerProcess[];

  private constructor(
    private readonly broker: Broker,
    readonly setting: Setting,
  ) {
    const { peer, url = broker.url, alone = false, servers = 1, clients = 1 } = setting;
    const node = peer === 'oslo-python' ? PYTHON : setting.node;
    // A topic of its own, since others may use the broker as well.
    this.#place = { url, topic: `bench-${peer}-${randomBytes(4).toString('hex')}` };
    const processes = (count: number, role: string) =>
      Array.from({ length: count }, (_, index) => new WorkerProcess(`${peer} ${role} ${index}`, node));
    this.#servers = processes(servers, 'server');
    this.#clients = alone ? this.#servers : processes(clients, 'client');
  }

  static async start(broker: Broker, setting: Setting): Promise<Subject> {
    const subject = new Subject(broker, setting);
    try {
      await subject.#start();
    } catch (error) {
      await subject.stop();
      throw error;
    }
    return subject;
  }

  /**
   * Fails when a call fails: calls that fail at once are fast.
   * @param bytes approximate size of the arguments. Default: the usual payload of 200 bytes
   */
  async measure(load: Load, bytes?: number): Promise<Measured> {
    return this.#withoutErrors(await this.attempt(load, bytes));
  }

  /** Measures calls of which some may fail. */
  async attempt(load: Load, bytes?: number): Promise<Measured> {
    const args = bytes === undefined ? payload : payloadOf(bytes);
    const timeout = GRACE_S + ('seconds' in load ? load.seconds : load.calls / 500);
    const serversBefore = await this.#serverCpu();
    const brokerBefore = await this.broker.cpuMicros();
    const results = await Promise.all(this.#clients.map((client) => client.ask('load', [load, args], timeout)));
    const brokerCpu = (await this.broker.cpuMicros()) - brokerBefore;
    const serverCpu = (await this.#serverCpu()) - serversBefore;
    const sum = (read: (it: LoadResult) => number) => results.reduce((total, it) => total + read(it), 0);
    const most = (read: (it: LoadResult) => number) => Math.max(...results.map(read));
    const answered = sum((it) => it.answered);
    const cpuMicros = sum((it) => it.cpuMicros);
    const callsPerSecond = sum((it) => it.answered / it.seconds);
    const cores = (micros: number) => ((micros / answered) * callsPerSecond) / 1e6;
    return {
      answered,
      cpuMicros,
      errors: sum((it) => it.errors),
      firstError: results.find(({ firstError }) => firstError)?.firstError ?? null,
      seconds: most((it) => it.seconds),
      p50Ms: most((it) => it.p50Ms),
      p99Ms: most((it) => it.p99Ms),
      callsPerSecond,
      clientCores: cores(cpuMicros),
      serverCores: cores(serverCpu),
      brokerCores: cores(brokerCpu),
      clientCpuMicrosPerCall: cpuMicros / answered,
      serverCpuMicrosPerCall: serverCpu / answered,
      bothCpuMicrosPerCall: (this.setting.alone ? cpuMicros : cpuMicros + serverCpu) / answered,
      brokerCpuMicrosPerCall: brokerCpu / answered,
    };
  }

  async pace(pace: Pace): Promise<PaceResult> {
    return this.#withoutErrors(await this.#client.ask('pace', [pace, payload], pace.seconds + GRACE_S));
  }

  /** Measures under V8's profiler. A process that is both has one profile, as the client. */
  async profile(load: Load): Promise<{ measured: Measured; client: CpuProfile; server: CpuProfile | undefined }> {
    const server = this.setting.alone ? undefined : this.#server;
    await this.#client.ask('profile', []);
    await server?.ask('profile', []);
    const measured = await this.measure(load);
    const client = await this.#client.ask('profiled', []);
    return { measured, client, server: await server?.ask('profiled', []) };
  }

  async memory(): Promise<{ client: Memory; server: Memory }> {
    return { client: await this.#client.ask('memory', []), server: await this.#server.ask('memory', []) };
  }

  /** Freezes the server, reads the client's memory at each number of pending calls, then lets the server answer all. */
  async pend(counts: readonly number[]): Promise<Pended> {
    const bytes: number[] = [];
    this.#server.freeze(true);
    try {
      for (const count of counts) bytes.push(await this.#client.ask('pend', [count]));
    } finally {
      this.#server.freeze(false);
    }
    try {
      await this.#client.ask('settle', [], GRACE_S);
      return { bytes };
    } catch (error) {
      return { bytes, lost: String(error) };
    }
  }

  /** Consumes `count` published notifications. Resolves with the seconds that it took. */
  drain(count: number): Promise<number> {
    return this.#server.ask('drain', [count], GRACE_S);
  }

  /** Publishes `count` notifications while a listener of batches consumes them. */
  async soak(count: number, inFlight: number): Promise<number[]> {
    // Not by `measure`, which asks the server for its CPU: a worker answers one question at a time.
    const [heaps, published] = await Promise.all([
      this.#server.ask('soak', [this.#place, count], SOAK_TIMEOUT_S),
      this.#client.ask('load', [{ inFlight, calls: count }, payload], SOAK_TIMEOUT_S),
    ]);
    this.#withoutErrors(published);
    return heaps;
  }

  /** Calls that each server has answered. */
  served(): Promise<number[]> {
    return Promise.all(this.#servers.map((server) => server.ask('served', [])));
  }

  /** Open connections of one server and one client together. */
  async connections(): Promise<number> {
    return (await this.#client.ask('connections', [])) + (await this.#server.ask('connections', []));
  }

  /** Stops the clients first: to them, a server that goes away is a fault. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Deletes the queues that outlived the subject. */
  async cleanUp(): Promise<void> {
    const { peer } = this.setting;
    const many = ['oslo-topics', 'oslo-topic-of-many', 'floor-topics'].includes(peer);
    const topics = many ? topicNames(this.#place) : [this.#place.topic];
    const suffixes = ['', '.info', ...this.#servers.map((_, index) => `.host${index}`)];
    await this.broker.deleteQueues(topics.flatMap((topic) => suffixes.map((suffix) => topic + suffix)));
    if (peer === 'oslo-quorum') await this.broker.deleteExchange(QUORUM_EXCHANGE);
  }

  get #server(): WorkerProcess {
    return this.#servers[0] as WorkerProcess;
  }

  get #client(): WorkerProcess {
    return this.#clients[0] as WorkerProcess;
  }

  #withoutErrors<Result extends LoadResult>(result: Result): Result {
    const { errors, firstError } = result;
    if (errors > 0) throw new Error(`${this.setting.peer}: ${errors} calls failed, the first: ${firstError}`);
    return result;
  }

  async #start(): Promise<void> {
    const { peer } = this.setting;
    const place = (index: number) => ({ ...this.#place, host: `host${index}` });
    const starts = this.#servers.map((server, index) => server.ask('serve', [peer, place(index)]));
    this.startMs = Math.max(...(await Promise.all(starts)));
    await Promise.all(this.#clients.map((client, index) => client.ask('connect', [peer, place(index)])));
    if (!peer.endsWith('-notifications')) await Promise.all(this.#clients.map((client) => client.ask('echo', [])));
  }

  async #serverCpu(): Promise<number> {
    const times = await Promise.all(this.#servers.map((server) => server.ask('cpu', [])));
    return times.reduce((sum, time) => sum + time, 0);
  }
}
