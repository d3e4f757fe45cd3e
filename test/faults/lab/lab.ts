import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Controllable } from '../../support/broker-inspector.js';
import { eventually } from '../../support/eventually.js';
import { LagProbe } from '../../support/lag-probe.js';
import type { Gap } from './answers.js';
import { BareClient } from './bare-client.js';
import { BrokerWatch } from './broker-view.js';
import { FaultLog, type FaultRow } from './fault-log.js';
import { type Account, VIOLATIONS, type Violation } from './ledger.js';
import { ledgerTable } from './ledger-table.js';
import { type MemorySample, MemoryWatch } from './memory.js';
import { filesWithSecrets, type Secrets } from './secrets.js';
import { GRACE, Service, type ServiceOptions } from './service.js';
import type { WorkerProcess } from './worker-process.js';

/** Everything that is declared goes to the disk. */
const FLUSH = 'mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].';

/** Seconds within which service is back once its broker is. */
const RECOVERY = 5;

/** Seconds after the last deadline for a client to say that all has settled: a busy machine needs them. */
const REST = 10;

/** Violations that are errors at any time, even when they do not last. */
const SETTLED: ReadonlySet<Violation> = new Set(
  VIOLATIONS.filter((what) => what !== 'unsettled' && what !== 'lost' && what !== 'lost in a shutdown'),
);

export interface Outcome {
  /** The reconciled ledgers. */
  readonly table: string;
  /** Damage of each fault of a cluster to each service. */
  readonly faults: readonly FaultRow[];
  /** Findings; an empty list is the aim. */
  readonly problems: readonly string[];
  /** Memory of each process that lived from the beginning to the end. */
  readonly memory: ReadonlyMap<string, readonly MemorySample[]>;
}

/** Services under load on a broker that is being mistreated, and the reckoning at the end. */
export class Lab {
  readonly problems: string[] = [];
  readonly services: Service[] = [];
  readonly faults = new FaultLog(
    this.services,
    (gap) => this.#lagIn(gap),
    (since, until) => this.#bare.longestGap(since, until).length,
  );
  readonly #memory = new MemoryWatch();
  readonly #lag = new LagProbe();
  readonly #view: BrokerWatch;
  /** Started for a cluster. */
  readonly #bare: BareClient;

  private constructor(
    private readonly folder: string,
    private readonly url: string,
    private readonly broker: Controllable,
    private readonly secrets: Secrets,
    private readonly isKept: boolean,
  ) {
    this.#view = new BrokerWatch(broker);
    this.#bare = new BareClient(url);
  }

  /**
   * @param broker asked for what it sees, at the beginning and at the end
   * @param kept folder in which the journals and outputs of the processes stay; none by default
   */
  static async open(url: string, broker: Controllable, secrets: Secrets, kept?: string): Promise<Lab> {
    if (kept !== undefined) await mkdir(kept, { recursive: true });
    const folder = await mkdtemp(join(kept ?? tmpdir(), 'fault-lab-'));
    return new Lab(folder, url, broker, secrets, kept !== undefined);
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
    if (this.url.includes(',')) await this.#bare.start();
    await this.load();
    await this.served(4);
    await this.sample();
    await this.#view.begin();
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
    const silence = await this.silence(since, limit);
    const allowed = bound * 1000 + this.lagSince(since);
    if (silence > allowed) this.problems.push(`not served within ${bound} s, but in ${silence} ms`);
    return silence;
  }

  /** Milliseconds from then until every client had an answer; Infinity when one has none within the limit, in seconds. */
  async silence(since: number, limit: number): Promise<number> {
    let silence = Number.POSITIVE_INFINITY;
    const check = () => {
      this.collect();
      silence = this.#worst(since);
      if (!Number.isFinite(silence)) throw new Error('not served');
    };
    await eventually(check, { within: limit * 1000, every: 100 }).catch(() => undefined);
    return silence;
  }

  /** Milliseconds that a busy machine has let this process wait, from a time of the wall clock on. */
  lagSince(time: number): number {
    return this.#lag.since(performance.now() - (Date.now() - time));
  }

  collect(): void {
    for (const service of this.services) service.collect();
  }

  /** Takes the memory of every process. */
  async sample(): Promise<void> {
    await this.#memory.sample(this.#workers());
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
    this.problems.push(...(await this.#view.compare()));
    await this.#attempt([this.sample()]);
    this.problems.push(...this.#memory.problems(this.#workers()));
    return this.#outcome();
  }

  /** Ends everything, and looks at what is left. */
  async finish(): Promise<Outcome> {
    const { problems, faults, memory } = await this.reckon();
    const left = (worker: WorkerProcess) => worker.close(GRACE + 10).then((rest) => this.#noteLeft(worker, rest));
    await this.#attempt(this.#workers().map(left));
    const { table, problems: more } = this.#outcome();
    const tales = await filesWithSecrets(this.folder, this.secrets);
    return { table, problems: [...new Set([...problems, ...more, ...tales])], faults, memory };
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
    await this.#bare.close();
    for (const service of this.services) await service.stop();
    if (!this.isKept) await rm(this.folder, { recursive: true, force: true });
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
    return {
      table: ledgerTable(accounts),
      problems,
      faults: this.faults.rows(),
      memory: this.#memory.of(this.#workers()),
    };
  }

  #workers(): WorkerProcess[] {
    return this.services.flatMap(({ servers, clients }) => [...servers, ...clients]).filter(({ running }) => running);
  }

  #worst(since: number): number {
    const silences = this.services.map(({ ledger, clients }) => {
      const callers = clients.map(({ name }) => name);
      return ledger.answers.silenceAfter(since, callers);
    });
    return Math.max(0, ...silences);
  }

  #lagIn({ from, length }: Gap): number {
    return this.lagSince(from) - this.lagSince(from + length);
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

  #noteLeft({ name }: WorkerProcess, left: Record<string, number>): void {
    if (Object.keys(left).length > 0) this.problems.push(`${name} left behind: ${JSON.stringify(left)}`);
  }
}
