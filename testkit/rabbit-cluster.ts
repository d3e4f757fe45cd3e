import { randomBytes } from 'node:crypto';
import type { RabbitOptions } from './rabbit-files.js';
import { RabbitNode } from './rabbit-node.js';

/** Several private nodes on this machine that are one broker. */
export class RabbitCluster {
  private constructor(readonly nodes: readonly RabbitNode[]) {}

  static async start(size = 3, options: RabbitOptions = {}): Promise<RabbitCluster> {
    const cookie = randomBytes(20).toString('hex');
    const starts = await Promise.allSettled(
      Array.from({ length: size }, () => RabbitNode.start({ ...options, cookie })),
    );
    const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const cluster = new RabbitCluster(nodes);
    try {
      for (const start of starts) if (start.status === 'rejected') throw start.reason;
      await cluster.#join();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The transport URL with all the nodes. */
  get url(): string {
    const hosts = this.nodes.map(({ url }) => url.replace(/^rabbit:\/\/|\/$/g, ''));
    return `rabbit://${hosts.join(',')}/`;
  }

  /** A node that runs. */
  get survivor(): RabbitNode {
    const node = this.nodes.find(({ running }) => running);
    if (!node) throw new Error('No node of the cluster runs');
    return node;
  }

  /** By a node that runs. */
  rabbitmqctl(command: string, ...args: string[]): Promise<string> {
    return this.survivor.rabbitmqctl(command, ...args);
  }

  /** The node that leads a quorum queue. */
  async leaderOf(queue: string): Promise<RabbitNode> {
    const rows = JSON.parse(await this.rabbitmqctl('list_queues', 'name', 'leader', '--formatter', 'json')) as {
      name: string;
      leader: string;
    }[];
    const leader = rows.find(({ name }) => name === queue)?.leader;
    const node = this.nodes.find(({ control }) => control.address.nodename === leader);
    if (!node) throw new Error(`The queue ${queue} has no leader, or no quorum queue has that name: ${leader}`);
    return node;
  }

  /** Returns the number of client connections to each node. */
  async connections(): Promise<Map<RabbitNode, number>> {
    const text = await this.rabbitmqctl('list_connections', 'pid', '--formatter', 'json');
    // `<node@host.1.2.3>`
    const pids = (JSON.parse(text) as { pid: string }[]).map(({ pid }) => pid);
    const countOf = ({ control }: RabbitNode) => {
      return pids.filter((pid) => pid.startsWith(`<${control.address.nodename}.`)).length;
    };
    return new Map(this.nodes.map((node) => [node, countOf(node)]));
  }

  async stop(): Promise<void> {
    // The others first: a node that outlives them need not wait for anybody.
    for (const node of this.nodes.toReversed()) await node.stop();
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.nodes;
    for (const node of others) {
      await node.rabbitmqctl('stop_app');
      await node.rabbitmqctl('join_cluster', String(first?.control.address.nodename));
      await node.rabbitmqctl('start_app');
    }
  }
}
