import type { TransportHost } from '../../../core/transport-url.js';

/** Order in which the hosts of a URL are tried. Its start is random, as in oslo, so that clients spread over a cluster. */
export class Failover {
  private hosts: readonly TransportHost[];
  private next = 0;

  constructor(
    hosts: readonly TransportHost[],
    private readonly strategy: 'round-robin' | 'shuffle',
  ) {
    this.hosts = shuffled(hosts);
  }

  /** Yields every host once, beginning with the one after the host that was tried last. */
  *round(): Generator<TransportHost> {
    if (this.strategy === 'shuffle') this.hosts = shuffled(this.hosts);
    for (let tried = 0; tried < this.hosts.length; tried++) {
      const host = this.hosts[this.next++ % this.hosts.length];
      if (host) yield host;
    }
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
