import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { Reaper } from './reaper.js';

/** Addresses of a node that has a network namespace of its own. Plain data. */
export interface NodePlace {
  readonly namespace: string;
  /** Address for clients, which this machine reaches. */
  readonly address: string;
  /** Address for the other nodes. */
  readonly peerAddress: string;
}

// 198.18.0.0/15 is reserved for tests of networks.
const CLIENTS = '198.18';
const PEERS = '198.19';
/** Host part of this machine's address among the clients. */
const OWN_HOST = 254;
const MAX_TRIES = 20;

// Programs that a node leaves behind, such as epmd, keep a namespace alive.
const REMOVE = `
prefix=$1; size=$2; n=1
while [ "$n" -le "$size" ]; do
  ip netns pids "$prefix-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
  ip link del "\${prefix}c$n" 2>/dev/null
  ip link del "\${prefix}p$n" 2>/dev/null
  ip netns del "$prefix-$n" 2>/dev/null
  n=$((n + 1))
done
ip link del "\${prefix}c" 2>/dev/null
ip link del "\${prefix}p" 2>/dev/null
`;

/**
 * Two networks on this machine for the nodes of a cluster, each of which has its own namespace. Clients reach the nodes
 * by the first, nodes reach each other by the second. A node can be taken off the second alone.
 */
export class ClusterNetwork {
  readonly places: readonly NodePlace[];
  readonly #reaper: Reaper;

  private constructor(
    private readonly id: number,
    size: number,
  ) {
    this.#reaper = new Reaper(REMOVE, prefixOf(id), String(size));
    this.places = Array.from({ length: size }, (_, index) => ({
      namespace: `${prefixOf(id)}-${index + 1}`,
      address: `${CLIENTS}.${id}.${index + 1}`,
      peerAddress: `${PEERS}.${id}.${index + 1}`,
    }));
  }

  /** Returns the reason why this machine cannot make namespaces; undefined when it can. */
  static missing(): string | undefined {
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    // Names of its own: several processes may try at once.
    const [namespace, link, bridge] = ['n', 'l', 'b'].map((kind) => `rmq${kind}${process.pid}`);
    const attempts = [
      `ip netns add ${namespace}`,
      `ip link add ${link} type veth peer name t netns ${namespace}`,
      `ip link add ${bridge} type bridge`,
    ];
    const { status, stderr, error } = spawnSync('sh', ['-c', attempts.join(' && ')], { encoding: 'utf8' });
    spawnSync('sh', ['-c', `ip link del ${link}; ip link del ${bridge}; ip netns del ${namespace}`]);
    if (status === 0) return undefined;
    return `ip netns, veth or a bridge is refused: ${(error?.message ?? stderr).trim()}`;
  }

  static async create(size: number): Promise<ClusterNetwork> {
    for (let tries = 1; ; tries++) {
      const id = randomInt(1, 255);
      // Another run may have the number.
      if (tries < MAX_TRIES && spawnSync('ip', ['link', 'show', `${prefixOf(id)}c`]).status === 0) continue;
      const network = new ClusterNetwork(id, size);
      try {
        network.#make();
        return network;
      } catch (error) {
        await network.remove();
        throw error;
      }
    }
  }

  /** A fault: no packet passes between the node and its peers, without a word to either. Clients still reach it. */
  cutOff(place: NodePlace): void {
    ip('link', 'set', this.#peerLink(place), 'down');
  }

  /** Ends `cutOff`. */
  join(place: NodePlace): void {
    ip('link', 'set', this.#peerLink(place), 'up');
  }

  async remove(): Promise<void> {
    await this.#reaper.release();
  }

  #peerLink(place: NodePlace): string {
    return `${prefixOf(this.id)}p${this.places.indexOf(place) + 1}`;
  }

  #make(): void {
    const prefix = prefixOf(this.id);
    for (const kind of ['c', 'p']) {
      ip('link', 'add', `${prefix}${kind}`, 'type', 'bridge');
      ip('link', 'set', `${prefix}${kind}`, 'up');
    }
    ip('addr', 'add', `${CLIENTS}.${this.id}.${OWN_HOST}/24`, 'dev', `${prefix}c`);
    for (const [index, { namespace, address, peerAddress }] of this.places.entries()) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      for (const [kind, inside, own] of [
        ['c', 'clients', address],
        ['p', 'peers', peerAddress],
      ] as const) {
        const outside = `${prefix}${kind}${index + 1}`;
        ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
        ip('link', 'set', outside, 'master', `${prefix}${kind}`, 'up');
        ip('-n', namespace, 'addr', 'add', `${own}/24`, 'dev', inside);
        ip('-n', namespace, 'link', 'set', inside, 'up');
      }
    }
  }
}

/** Interface names have at most 15 characters. */
function prefixOf(id: number): string {
  return `rmq${id}`;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
