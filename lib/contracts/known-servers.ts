import { compareVersions } from '../core/version.js';

/** Maximum number of servers that are remembered by name. Further ones share one place, with the lowest version of them. */
const MAX_SERVERS = 1000;
/** Time after which a silent server is taken for gone, in milliseconds. */
const GONE_MS = 300_000;
/** Name of the place that further servers share. No server has it: names are not empty. */
const REST = '';

interface Known {
  /** Undefined for a server without a version of the API. */
  version: string | undefined;
  /** Time of its last answer, on the monotonic clock in milliseconds. */
  heardAt: number;
  /** Question of its last answer. */
  question: number;
}

/** Servers of a topic that have answered, with their versions. A silent one counts until it is known to be gone. */
export class KnownServers {
  private readonly byName = new Map<string, Known>();
  /** Time of the last answer of a server that cannot say its version. */
  private unnamedAt = Number.NEGATIVE_INFINITY;
  private unnamedCount = 0;
  private unnamedQuestion = 0;
  /** Number of the present question. */
  private question = 0;

  /** Begins a question. */
  begin(): void {
    this.question++;
  }

  /** Remembers an answer. Several processes of one name count with their lowest version. */
  hear(name: string, version: string | undefined): void {
    const { question } = this;
    const key = this.byName.has(name) || this.byName.size < MAX_SERVERS ? name : REST;
    const known = this.byName.get(key);
    const isShared = known !== undefined && (key === REST || known.question === question);
    this.byName.set(key, {
      version: isShared ? lower(known.version, version) : version,
      heardAt: performance.now(),
      question,
    });
  }

  /** Counts a server that cannot say its version. */
  hearUnnamed(): void {
    this.unnamedCount = this.unnamedQuestion === this.question ? this.unnamedCount + 1 : 1;
    this.unnamedQuestion = this.question;
    this.unnamedAt = performance.now();
  }

  /** Removes a server that is known to be gone. */
  forget(name: string): void {
    this.byName.delete(name);
  }

  /** Removes the servers that have been silent for five minutes. */
  forgetSilent(): void {
    const before = performance.now() - GONE_MS;
    for (const [name, { heardAt }] of this.byName) if (heardAt < before) this.byName.delete(name);
    if (this.unnamedAt < before) this.unnamedCount = 0;
  }

  /** Names of the servers that have not answered the present question. */
  get silent(): string[] {
    const isSilent = ([name, { question }]: readonly [string, Known]) => name !== REST && question < this.question;
    return [...this.byName].filter(isSilent).map(([name]) => name);
  }

  /** Number of servers that cannot say their version. */
  get unnamed(): number {
    return this.unnamedCount;
  }

  /** True without any server. */
  get isEmpty(): boolean {
    return this.byName.size === 0 && this.unnamedCount === 0;
  }

  /** Version that all servers have; undefined where one of them cannot say, and where there is none. */
  get common(): string | undefined {
    if (this.unnamedCount > 0) return undefined;
    const [first, ...others] = [...this.byName.values()].map(({ version }) => version);
    return others.reduce(lower, first);
  }
}

/** Returns the lower version; undefined where one of them is not known. */
function lower(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return undefined;
  return compareVersions(one, other) <= 0 ? one : other;
}
