import { setTimeout as sleep } from 'node:timers/promises';
import type { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import type { Lab } from './lab.js';
import type { Random } from './random.js';
import type { Scenario } from './scenarios.js';

/** A node that goes is missed for so many milliseconds at most. */
const GAP = 5000;
/** Seconds for queues without a majority to find a leader, once there is one again. */
export const ELECTION = 15;

/** Faults of a cluster of three nodes whose queues are quorum queues. */
export function clusterScenarios(cluster: RabbitCluster): Scenario[] {
  return [
    {
      name: 'kill -9 of the node that leads a queue',
      run: (lab, random) => stopAndStart(cluster, lab, random, (queue) => cluster.leaderOf(queue)),
    },
    {
      name: 'kill -9 of a node that follows',
      run: (lab, random) =>
        stopAndStart(cluster, lab, random, async (queue) => {
          const leader = await cluster.leaderOf(queue);
          return random.pick(cluster.nodes.filter((node) => node !== leader));
        }),
    },
    {
      name: 'kill -9 of the node with most connections',
      run: (lab, random) =>
        stopAndStart(cluster, lab, random, async () => {
          const [most] = [...(await cluster.connections())].sort(([, a], [, b]) => b - a);
          if (!most) throw new Error('The cluster has no nodes');
          return most[0];
        }),
    },
    {
      // Everybody is connecting while queues look for a new leader.
      name: 'kill -9 of a node as it closes all connections',
      run: (lab, random) =>
        stopAndStart(cluster, lab, random, async () => {
          await cluster.rabbitmqctl('close_all_connections', 'by the fault lab');
          return random.pick(cluster.nodes);
        }),
    },
    {
      name: 'two nodes down',
      run: (_lab, random) => loseTwo(cluster, random, random.between(3, 12)),
      recovery: ELECTION,
    },
  ];
}

/** Two of the nodes are killed, and come back after so many seconds. */
export async function loseTwo(cluster: RabbitCluster, random: Random, seconds: number): Promise<void> {
  const gone = random.shuffled(cluster.nodes).slice(0, 2);
  await Promise.all(gone.map((node) => node.kill()));
  await sleep(seconds * 1000);
  await Promise.all(gone.map((node) => node.restart()));
}

async function stopAndStart(
  cluster: RabbitCluster,
  lab: Lab,
  random: Random,
  choose: (queue: string) => Promise<RabbitNode>,
): Promise<void> {
  const node = await choose(random.pick(lab.services).name);
  const since = Date.now();
  await node.kill();
  await lab.recovery(since + 1, 30);
  await sleep(random.between(1000, 3000));
  const gap = lab.longestSilence(since);
  if (gap > GAP + lab.lagSince(since))
    lab.problems.push(`without node ${cluster.nodes.indexOf(node) + 1} nobody was served for ${gap} ms`);
  await node.restart();
}
