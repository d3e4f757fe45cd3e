import { randomBytes } from 'node:crypto';
import type { Load, LoadResult } from '../load.js';
import { payload } from '../payload.js';
import type { Place } from '../peer.js';
import type { Session } from '../session.js';
import { median } from '../statistics.js';
import { WorkerProcess } from '../worker-process.js';

export interface ProcessesRound {
  callsPerSecond: number;
  /** What each server answered. */
  served: number[];
  brokerCores: number;
}

export interface ProcessesResult {
  servers: number;
  clients: number;
  rounds: ProcessesRound[];
  /** The busiest server's share to the mean of all, in the least even round. */
  mostOverMean: number;
  callsPerSecond: number;
}

const IN_FLIGHT = 100;

/** Many servers and several clients on one topic, each a process of its own. */
export async function runProcesses({ broker, plan, say }: Session): Promise<ProcessesResult> {
  const { servers, clients, rounds, seconds } = plan.processes;
  say(`starting    ${servers} servers, ${clients} clients`);
  const place = { url: broker.url, topic: `bench-processes-${randomBytes(4).toString('hex')}` };
  const fleet = new Fleet(place, servers, clients);
  try {
    await fleet.start();
    await fleet.load({ inFlight: IN_FLIGHT, seconds: plan.calls.warmUp });
    const measured: ProcessesRound[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = await fleet.served();
      const brokerBefore = await broker.cpuMicros();
      const results = await fleet.load({ inFlight: IN_FLIGHT, seconds });
      const brokerMicros = (await broker.cpuMicros()) - brokerBefore;
      const served = (await fleet.served()).map((calls, index) => calls - (before[index] ?? 0));
      const callsPerSecond = results.reduce((sum, result) => sum + result.answered / result.seconds, 0);
      measured.push({ callsPerSecond, served, brokerCores: brokerMicros / 1e6 / seconds });
      say(`processes ${round + 1} of ${rounds}  ${Math.round(callsPerSecond)} calls/s, by server ${served.join(' ')}`);
    }
    return {
      servers,
      clients,
      rounds: measured,
      mostOverMean: Math.max(...measured.map(({ served }) => mostOverMean(served))),
      callsPerSecond: median(measured.map((round) => round.callsPerSecond)),
    };
  } finally {
    await fleet.stop();
    await broker.deleteQueues([place.topic, ...fleet.hosts.map((host) => `${place.topic}.${host}`)]);
  }
}

export function mostOverMean(served: readonly number[]): number {
  return (Math.max(...served) * served.length) / served.reduce((sum, calls) => sum + calls, 0);
}

class Fleet {
  readonly hosts: readonly string[];
  readonly #servers: readonly WorkerProcess[];
  readonly #clients: readonly WorkerProcess[];

  constructor(
    private readonly place: Place,
    servers: number,
    clients: number,
  ) {
    this.hosts = Array.from({ length: servers }, (_, index) => `host${index}`);
    this.#servers = this.hosts.map((host) => new WorkerProcess(host));
    this.#clients = Array.from({ length: clients }, (_, index) => new WorkerProcess(`client ${index}`));
  }

  async start(): Promise<void> {
    const places = this.hosts.map((host) => ({ ...this.place, host }));
    await Promise.all(
      this.#servers.map((server, index) =>
        server.ask({ kind: 'serve', peer: 'oslo', place: places[index] ?? this.place }),
      ),
    );
    await Promise.all(this.#clients.map((client) => client.ask({ kind: 'connect', peer: 'oslo', place: this.place })));
  }

  async load(load: Load & { seconds: number }): Promise<LoadResult[]> {
    const work = this.#clients.map(async (client) => {
      const result = (await client.ask({ kind: 'load', load, args: payload }, load.seconds + 90)) as LoadResult;
      if (result.errors > 0) throw new Error(`${result.errors} calls failed, the first: ${result.firstError}`);
      return result;
    });
    return Promise.all(work);
  }

  async served(): Promise<number[]> {
    return Promise.all(this.#servers.map(async (server) => Number(await server.ask({ kind: 'served' }))));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
