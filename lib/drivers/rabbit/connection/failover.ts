import { Listeners } from '../../../core/listeners.js';
import type { LogSink } from '../../../core/logger.js';
import type { TransportHost } from '../../../core/transport-url.js';

/** Time in milliseconds for which a host that did not answer is tried after the others. */
const SUSPECT_MS = 60_000;

/**
 * Order in which the hosts of a URL are tried. Its start is random, as in oslo, so that clients spread over a cluster. The
 * connections of a transport share it and prefer one host, so that a failure of another host does not concern them.
 */
export class Failover {
  private hosts: readonly TransportHost[];
  private next = 0;
  private preferred: TransportHost | undefined;
  /** Survey of the other hosts that is in progress. Resolves with a better host, where there is one. */
  survey: Promise<TransportHost | undefined> | undefined;
  /** Ends of the suspicion, on the monotonic clock. */
  private readonly suspects = new Map<TransportHost, number>();
  private readonly listeners: Listeners<TransportHost>;

  constructor(
    hosts: readonly TransportHost[],
    private readonly strategy: 'round-robin' | 'shuffle',
    logger: LogSink,
  ) {
    this.hosts = shuffled(hosts);
    this.listeners = new Listeners('suspects', logger);
  }

  /** Number of hosts. */
  get size(): number {
    return this.hosts.length;
  }

  /** Yields every host once: the preferred one first, then on from the host that was tried last, suspects at the end. */
  *round(): Generator<TransportHost> {
    if (this.strategy === 'shuffle') this.hosts = shuffled(this.hosts);
    const untried = new Set(this.hosts);
    while (untried.size > 0) {
      const host = this.choose(untried);
      untried.delete(host);
      this.next = this.hosts.indexOf(host) + 1;
      this.preferred ??= host;
      yield host;
    }
  }

  /** Notes that a host could not be connected to, or that a connection to it was lost. */
  failed(host: TransportHost): void {
    if (this.preferred === host) this.preferred = undefined;
  }

  /** Returns the hosts besides this one. */
  others(host: TransportHost): readonly TransportHost[] {
    return this.hosts.filter((one) => one !== host);
  }

  /**
   * Notes that a host is cut off from its cluster. Calls the listeners, so that all connections leave it.
   * @param better host that is not, where one is known
   */
  suspect(host: TransportHost, better?: TransportHost): void {
    this.suspects.set(host, performance.now() + SUSPECT_MS);
    this.failed(host);
    if (better) {
      this.suspects.delete(better);
      this.preferred = better;
    }
    this.listeners.emit(host);
  }

  /** Calls the listener with each suspect from now on. Returns a function that ends this. */
  onSuspect(listener: (host: TransportHost) => void): () => void {
    return this.listeners.addForNext(listener);
  }

  private choose(untried: ReadonlySet<TransportHost>): TransportHost {
    const { hosts, next, preferred, suspects } = this;
    if (preferred && untried.has(preferred)) return preferred;
    const now = performance.now();
    const order = [...hosts.slice(next), ...hosts.slice(0, next)].filter((host) => untried.has(host));
    const trusted = order.find((host) => (suspects.get(host) ?? 0) <= now);
    return (trusted ?? order[0]) as TransportHost;
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
