import { RabbitCluster } from './rabbit-cluster.js';
import type { RabbitOptions } from './rabbit-files.js';
import { RabbitNode } from './rabbit-node.js';

export type Broker = RabbitNode | RabbitCluster;

/** Starts a broker: one node, or a cluster of TEST_CLUSTER_NODES. */
export function startBroker(options: RabbitOptions = {}): Promise<Broker> {
  const nodes = Number(process.env.TEST_CLUSTER_NODES ?? 1);
  return nodes > 1 ? RabbitCluster.start(nodes, options) : RabbitNode.start(options);
}
