import { randomBytes } from 'node:crypto';
import { ClusterNetwork, type NodePlace } from './cluster-network.js';
import { untilDeniable } from './late-denial.js';
import type { RabbitControl } from './rabbit-control.js';
import type { RabbitOptions } from './rabbit-files.js';
import { RabbitNode } from './rabbit-node.js';

/** Maximum time for a queue to have a leader, in milliseconds. */
const ELECTION_LIMIT_MS = 30_000;

const LEADER = `
  {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"NAME">>)),
  rabbit_amqqueue:info(Queue, [leader]).`;

export interface ClusterOptions extends RabbitOptions {
  /** Give each node a network namespace, so that it can be cut off. Needs root. @default false */
  namespaces?: boolean;
}

/** Several private nodes on this machine that are one broker. */
export class RabbitCluster {
  /** Nodes that run, but do not answer their peers. */
  readonly #away = new Set<RabbitNode>();

  private constructor(
    readonly nodes: readonly RabbitNode[],
    private readonly network: ClusterNetwork | undefined,
  ) {}

  static async start(size = 3, options: ClusterOptions = {}): Promise<RabbitCluster> {
    const { namespaces = false, ...common } = options;
    const cookie = randomBytes(20).toString('hex');
    const network = namespaces ? await ClusterNetwork.create(size) : undefined;
    const startNode = (index: number) => {
      const place = network?.places[index];
      return RabbitNode.start({ ...common, cookie, ...(place && { place }) });
    };
    const starts = await Promise.allSettled(Array.from({ length: size }, (_, index) => startNode(index)));
    const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const cluster = new RabbitCluster(nodes, network);
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

  /** That of the first node. */
  get control(): RabbitControl {
    return this.#first.control;
  }

  /** That of the first node. */
  get managementUrl(): string | undefined {
    return this.#first.managementUrl;
  }

  /** A node that runs, and that its peers reach. */
  get survivor(): RabbitNode {
    const node = this.nodes.find((one) => one.running && !this.#away.has(one));
    if (!node) throw new Error('No node of the cluster runs');
    return node;
  }

  /** A fault: the node and its peers do not reach each other, while clients reach all of them. Needs `namespaces`. */
  cutOff(node: RabbitNode): void {
    const [network, place] = this.#placeOf(node);
    this.#away.add(node);
    network.cutOff(place);
  }

  /** Ends `cutOff`. */
  rejoin(node: RabbitNode): void {
    const [network, place] = this.#placeOf(node);
    network.join(place);
    this.#away.delete(node);
  }

  /** A fault: the node stands still, with its connections open. */
  pause(node: RabbitNode): void {
    this.#away.add(node);
    node.pause();
  }

  /** Ends `pause`. */
  resume(node: RabbitNode): void {
    node.resume();
    this.#away.delete(node);
  }

  /** By the survivor. */
  rabbitmqctl(command: string, ...args: string[]): Promise<string> {
    return this.survivor.rabbitmqctl(command, ...args);
  }

  /** The node that leads a quorum queue, as soon as there is one. */
  async leaderOf(queue: string): Promise<RabbitNode> {
    const end = performance.now() + ELECTION_LIMIT_MS;
    for (;;) {
      // Not list_queues: the other nodes would have to reach the program that asks, in a namespace of the first node.
      const answer = await this.rabbitmqctl('eval', LEADER.replace('NAME', queue));
      const node = this.nodes.find(({ control }) => answer.includes(control.address.nodename));
      if (node) return node;
      if (performance.now() > end)
        throw new Error(`The queue ${queue} has no leader, or no quorum queue has that name: ${answer}`);
    }
  }

  /** Returns the number of client connections to each node. */
  async connections(): Promise<Map<RabbitNode, number>> {
    const answer = await this.rabbitmqctl('eval', '[node(Pid) || Pid <- rabbit_networking:connections()].');
    const countOf = ({ control }: RabbitNode) => answer.split(control.address.nodename).length - 1;
    return new Map(this.nodes.map((node) => [node, countOf(node)]));
  }

  async stop(): Promise<void> {
    // The others first: a node that outlives them need not wait for anybody.
    for (const node of this.nodes.toReversed()) await node.stop();
    await this.network?.remove();
  }

  get #first(): RabbitNode {
    const [first] = this.nodes;
    if (!first) throw new Error('The cluster has no nodes');
    return first;
  }

  #placeOf(node: RabbitNode): [ClusterNetwork, NodePlace] {
    if (!this.network || !node.place) throw new Error('The cluster has no namespaces: start it with namespaces: true');
    return [this.network, node.place];
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.nodes;
    for (const node of others) {
      await node.rabbitmqctl('stop_app');
      await node.rabbitmqctl('join_cluster', String(first?.control.address.nodename));
      await untilDeniable(() => node.rabbitmqctl('start_app'));
    }
  }
}
