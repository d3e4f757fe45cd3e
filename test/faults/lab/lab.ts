import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Controllable } from '../../support/broker-inspector.js';
import { eventually } from '../../support/eventually.js';
import { LagProbe } from '../../support/lag-probe.js';
import { type BrokerView, brokerView, differences } from './broker-view.js';
import { type Account, VIOLATIONS, type Violation } from './ledger.js';
import { ledgerTable } from './ledger-table.js';
import { growthOf, inMib, type MemorySample } from './memory.js';
import { filesWithSecrets, type Secrets } from './secrets.js';
import { GRACE, Service, type ServiceOptions } from './service.js';
import type { WorkerProcess } from './worker-process.js';

/** Everything that is declared goes to the disk. */
const FLUSH = 'mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].';

/** Seconds within which service is back once its broker is. */
const RECOVERY = 5;

/** Seconds within which the broker has let go of what killed processes left behind. */
const LEFTOVERS = 40;

/** Seconds after the last deadline for a client to say that all has settled: a busy machine needs them. */
const REST = 10;

/** Violations that are errors at any time, even when they do not last. */
const SETTLED: ReadonlySet<Violation> = new Set(
  VIOLATIONS.filter((what) => what !== 'unsettled' && what !== 'lost' && what !== 'lost in a shutdown'),
);

export interface Outcome {
  /** The reconciled ledgers. */
  readonly table: string;
  /** Findings; an empty list is the aim. */
  readonly problems: readonly string[];
  /** Memory of each process that lived from the beginning to the end. */
  readonly memory: ReadonlyMap<string, readonly MemorySample[]>;
}

/** Services under load on a broker that is being mistreated, and the reckoning at the end. */
export class Lab {
  readonly problems: string[] = [];
  readonly services: Service[] = [];
  /** The memory of each process that was there from the beginning. */
  readonly #samples = new Map<string, MemorySample[]>();
  readonly #lag = new LagProbe();
  #baseline: BrokerView | undefined;

  private constructor(
    private readonly folder: string,
    private readonly url: string,
    private readonly broker: Controllable,
    private readonly secrets: Secrets,
  ) {}

  /** @param broker asked for what it sees, at the beginning and at the end */
  static async open(url: string, broker: Controllable, secrets: Secrets): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'fault-lab-')), url, broker, secrets);
  }

  /** Starts services and their load; resolves when they are warm, which is what the end is compared with. */
  async begin(...options: ServiceOptions[]): Promise<void> {
    this.#lag.start();
    for (const one of options) {
      this.services.push(new Service({ folder: this.folder, url: this.url, token: this.secrets.token }, one));
    }
    await Promise.all(this.services.map((service) => service.startServers()));
    // RabbitMQ 3.10 may forget, and lose for good, what is killed seconds after its declaration.
    await this.broker.rabbitmqctl('eval', FLUSH);
    await Promise.all(this.services.map((service) => service.startClients()));
    await this.load();
    await this.served(4);
    await this.sample();
    this.#baseline = await this.#settledView();
  }

  /** Returns the view once two in a row are equal: idle channels to publish on are closed after 2 to 4 seconds. */
  async #settledView(): Promise<BrokerView> {
    let before: BrokerView | undefined;
    return eventually(
      async () => {
        const now = await brokerView(this.broker);
        const isSettled = before && differences(before, now).length === 0 && differences(now, before).length === 0;
        before = now;
        if (!isSettled) throw new Error('The broker still opens or closes something');
        return now;
      },
      { every: 4500, within: 60_000 },
    );
  }

  async load(): Promise<void> {
    await Promise.all(this.services.flatMap(({ clients }) => clients.map((client) => client.load())));
  }

  /** Resolves when every client has been answered for so many seconds more. */
  async served(seconds: number): Promise<void> {
    const then = Date.now() + seconds * 1000;
    await this.recovery(then, seconds + 60);
  }

  /**
   * Milliseconds from then until every client had an answer. A busy machine may take what it has let this process wait.
   * @param limit when it is given up, in seconds
   * @param bound when it is a problem, in seconds
   */
  async recovery(since = Date.now(), limit = 60, bound = RECOVERY): Promise<number> {
    let silence = Number.POSITIVE_INFINITY;
    const check = () => {
      this.collect();
      silence = this.#worst((service, callers) => service.ledger.silenceAfter(since, callers));
      if (!Number.isFinite(silence)) throw new Error('not served');
    };
    await eventually(check, { within: limit * 1000, every: 100 }).catch(() => undefined);
    const allowed = bound * 1000 + this.lagSince(since);
    if (silence > allowed) this.problems.push(`not served within ${bound} s, but in ${silence} ms`);
    return silence;
  }

  /** Milliseconds that a busy machine has let this process wait, from a time of the wall clock on. */
  lagSince(time: number): number {
    return this.#lag.since(performance.now() - (Date.now() - time));
  }

  /** The longest time that a client was without an answer, from then until now. */
  longestSilence(since: number): number {
    this.collect();
    return this.#worst((service, callers) => service.ledger.longestSilence(since, callers));
  }

  collect(): void {
    for (const service of this.services) service.collect();
  }

  /** Takes the memory of every process. */
  async sample(): Promise<void> {
    for (const worker of this.#workers()) {
      const { memory } = await worker.measure();
      const samples = this.#samples.get(worker.name) ?? [];
      this.#samples.set(worker.name, samples);
      samples.push({ at: performance.now() / 1000, bytes: memory });
    }
  }

  /** Progress in one line. */
  get progress(): string {
    const parts = [...this.accounts()].map(([name, account]) => {
      const { calls, casts, executed, violations } = account;
      const wrong = VIOLATIONS.filter((what) => SETTLED.has(what) && violations[what] > 0);
      const problems = wrong.map((what) => `, ${violations[what]} ${what}`).join('');
      return `${name} ${executed}/${calls + casts}${problems}`;
    });
    return parts.join('; ');
  }

  accounts(): Map<string, Account> {
    this.collect();
    return new Map(this.services.map((service) => [service.name, service.ledger.account()]));
  }

  /** Ends the load, lets everything settle, and reconciles. The processes stay. */
  async reckon(): Promise<Outcome> {
    const rest = ({ clients, timeout }: Service) => clients.map((one) => one.rest(timeout + REST));
    await this.#attempt(this.services.flatMap(rest));
    await this.#emptied();
    await this.#compareView();
    await this.#attempt([this.sample()]);
    this.#compareMemory();
    return this.#outcome();
  }

  /** Ends everything, and looks at what is left. */
  async finish(): Promise<Outcome> {
    const { problems, memory } = await this.reckon();
    const left = (worker: WorkerProcess) => worker.close(GRACE + 10).then((rest) => this.#noteLeft(worker, rest));
    await this.#attempt(this.#workers().map(left));
    const { table, problems: more } = this.#outcome();
    const tales = await filesWithSecrets(this.folder, this.secrets);
    return { table, problems: [...new Set([...problems, ...more, ...tales])], memory };
  }

  /** The last lines that each running process has logged, for the report of a problem. */
  async logs(lines = 30): Promise<string> {
    const texts = this.#workers().map(async ({ name, output }) => {
      const log = await readFile(output, 'utf8');
      return [`${name}:`, ...log.trimEnd().split('\n').slice(-lines)].join('\n');
    });
    return (await Promise.all(texts)).join('\n');
  }

  async close(): Promise<void> {
    this.#lag.stop();
    for (const service of this.services) await service.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #outcome(): Outcome {
    const problems = this.problems.splice(0);
    const accounts = this.accounts();
    for (const [name, { violations }] of accounts) {
      for (const [what, count] of Object.entries(violations)) if (count > 0) problems.push(`${name}: ${count} ${what}`);
    }
    for (const { name, ledger } of this.services) {
      problems.push(...[...ledger.oddities].slice(0, 10).map((text) => `${name}: ${text}`));
    }
    return { table: ledgerTable(accounts), problems, memory: this.#memory() };
  }

  #workers(): WorkerProcess[] {
    return this.services.flatMap(({ servers, clients }) => [...servers, ...clients]).filter(({ running }) => running);
  }

  #worst(measure: (service: Service, callers: string[]) => number): number {
    return Math.max(
      0,
      ...this.services.map((one) =>
        measure(
          one,
          one.clients.map(({ name }) => name),
        ),
      ),
    );
  }

  /** Waits for all attempts. A failure is a finding and does not end the comparison. */
  async #attempt(attempts: readonly Promise<unknown>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(attempts)) {
      if (outcome.status === 'rejected') this.problems.push(String(outcome.reason));
    }
  }

  /** Confirmed casts may still be in their queue. What is not executed for a while, never will be. */
  async #emptied(): Promise<void> {
    const sure = this.services.filter(({ options }) => options.delivery === 'at-least-once');
    const check = () => {
      this.collect();
      for (const { ledger } of sure) if (ledger.unexecuted.length > 0) throw new Error('not yet');
    };
    await eventually(check, { within: 30_000, every: 200 }).catch(() => undefined);
  }

  async #compareView(): Promise<void> {
    let found: string[] = [];
    const check = async () => {
      if (!this.#baseline) return;
      found = differences(this.#baseline, await brokerView(this.broker));
      if (found.length > 0) throw new Error('not yet');
    };
    await eventually(check, { within: LEFTOVERS * 1000, every: 1000 }).catch(() => undefined);
    this.problems.push(...found.map((text) => `the broker had ${text}`));
  }

  #memory(): Map<string, readonly MemorySample[]> {
    const alive = new Set(this.#workers().map(({ name }) => name));
    return new Map([...this.#samples].filter(([name, { length }]) => length > 1 && alive.has(name)));
  }

  #compareMemory(): void {
    for (const [name, samples] of this.#memory()) {
      const growth = growthOf(samples);
      if (!growth) continue;
      this.problems.push(`${name}: memory grew from ${inMib(growth.before)} to ${inMib(growth.after)}`);
    }
  }

  #noteLeft({ name }: WorkerProcess, left: Record<string, number>): void {
    if (Object.keys(left).length > 0) this.problems.push(`${name} left behind: ${JSON.stringify(left)}`);
  }
}
