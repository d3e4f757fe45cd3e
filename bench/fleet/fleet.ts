import { setTimeout as sleep } from 'node:timers/promises';
import { PYTHON } from '../../testkit/prerequisites.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { WorkerProcess } from '../running/worker-process.js';
import { sum } from '../statistics.js';
import { type Census, censusOf, cpuOf } from './census.js';
import { Probe } from './probe.js';
import { type Cause, measureStorm } from './storm.js';

/** Library whose services are a fleet. */
export type FleetPeer = 'oslo' | 'oslo-python';

/** Processes that are started at the same time: more of them would wait for a core, and time out. */
const AT_ONCE = 4;
const TOPIC = 'fleet';
/** Time in which the broker finishes work of earlier connections. */
const SETTLE_MS = 1000;
/** Longest time for each service to answer its first call. */
const ANSWER_MS = 60_000;

/** Services of one topic, on a broker of their own. */
export class Fleet {
  private readonly workers: WorkerProcess[] = [];
  private readonly hosts: string[] = [];

  private constructor(
    private readonly node: RabbitNode,
    private readonly peer: FleetPeer,
    private readonly servicesPerProcess: number,
  ) {}

  static async start(peer: FleetPeer, servicesPerProcess: number): Promise<Fleet> {
    return new Fleet(await RabbitNode.start(), peer, servicesPerProcess);
  }

  get services(): number {
    return this.hosts.length;
  }

  get processes(): number {
    return this.workers.length;
  }

  /** Starts services until there are as many. */
  async grow(services: number): Promise<void> {
    while (this.services < services) {
      const missing = Math.ceil((services - this.services) / this.servicesPerProcess);
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing) }, () => this.add()));
    }
  }

  private async add(): Promise<void> {
    const name = `${this.peer} ${this.processes}`;
    // Each service logs each attempt to reconnect.
    const program = this.peer === 'oslo-python' ? PYTHON : undefined;
    const worker = new WorkerProcess(name, program, { silent: true });
    this.workers.push(worker);
    const hosts = Array.from({ length: this.servicesPerProcess }, (_, index) => `host${this.services + index}`);
    this.hosts.push(...hosts);
    for (const host of hosts) await worker.ask('serve', this.peer, { url: this.node.url, topic: TOPIC, host });
  }

  /**
   * Returns the objects of the broker, its CPU while the fleet is idle, and the memory of a process. Each service has
   * answered a call: some connections and channels are opened for the first reply.
   */
  async measure(idleSeconds: number): Promise<Census & { idleCores: number; processBytes: number }> {
    await this.withProbe((probe) => probe.answers(Date.now() + ANSWER_MS));
    await sleep(SETTLE_MS);
    const before = await cpuOf(this.node);
    await sleep(idleSeconds * 1000);
    const idleCores = ((await cpuOf(this.node)) - before) / 1e6 / idleSeconds;
    const resident = await Promise.all(this.workers.map((worker) => worker.ask('memory')));
    const processBytes = sum(resident.map(({ rssBytes }) => rssBytes)) / Math.max(1, this.processes);
    return { ...(await censusOf(this.node)), idleCores, processBytes };
  }

  storm(cause: Cause) {
    return this.withProbe((probe) => measureStorm(this.node, cause, probe, this.services));
  }

  private async withProbe<T>(work: (probe: Probe) => Promise<T>): Promise<T> {
    const probe = new Probe(this.node.url, TOPIC, this.hosts);
    try {
      return await work(probe);
    } finally {
      await probe.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.node.stop();
  }
}
