import type { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import type { Effect, Fault } from './fault.js';
import type { Random } from './random.js';

type Choice = (cluster: RabbitCluster, queue: string, random: Random) => Promise<RabbitNode>;
type Act = (cluster: RabbitCluster, node: RabbitNode) => unknown;

const leader: Choice = (cluster, queue) => cluster.leaderOf(queue);

const follower: Choice = async (cluster, queue, random) => {
  const leading = await cluster.leaderOf(queue);
  return random.pick(cluster.nodes.filter((node) => node !== leading));
};

const mostConnected: Choice = async (cluster) => {
  const [most] = [...(await cluster.connections())].sort(([, a], [, b]) => b - a);
  if (!most) throw new Error('The cluster has no nodes');
  return most[0];
};

/** Everybody is connecting while queues look for a new leader. */
const closingAll: Choice = async (cluster, _queue, random) => {
  await cluster.rabbitmqctl('close_all_connections', 'by the fault lab');
  return random.pick(cluster.nodes);
};

const kill: Act = (_cluster, node) => node.kill();
const restart: Act = (_cluster, node) => node.restart();

const GATHER = `
  [rabbit_quorum_queue:transfer_leadership(Queue, 'NODE')
   || Queue <- rabbit_amqqueue:list(), amqqueue:get_type(Queue) =:= rabbit_quorum_queue].`;

/** Killed nodes of a cluster of three whose queues are quorum queues. */
export const killedNodes: readonly Fault[] = [
  ofNode('leader killed', [3, 6], leader, kill, restart),
  ofNode('follower killed', [3, 6], follower, kill, restart),
  ofNode('connected node killed', [3, 6], mostConnected, kill, restart),
  ofNode('node killed while all reconnect', [3, 6], closingAll, kill, restart),
  { name: 'two nodes down', majority: false, lasts: [3, 12], begin: killTwo },
];

/** All faults of such a cluster. */
export const clusterFaults: readonly Fault[] = [
  {
    ...ofNode(
      'node cut off',
      [35, 40],
      mostConnected,
      (cluster, node) => cluster.cutOff(node),
      (cluster, node) => cluster.rejoin(node),
    ),
    needs: 'namespaces',
  },
  ofNode(
    'node drained',
    [5, 10],
    mostConnected,
    (_cluster, node) => node.control.tool('rabbitmq-upgrade', 'drain'),
    (_cluster, node) => node.control.tool('rabbitmq-upgrade', 'revive'),
  ),
  { name: 'rolling restart', majority: true, lasts: [0, 0], begin: restartOneByOne },
  { name: 'leaders rebalanced', majority: true, lasts: [3, 6], begin: rebalance },
  // Long after a node was cut off: of two such faults within a minute, RabbitMQ notices the second one late.
  ofNode(
    'leader stalled',
    [12, 18],
    leader,
    (cluster, node) => cluster.pause(node),
    (cluster, node) => cluster.resume(node),
  ),
  ...killedNodes,
];

function ofNode(name: string, lasts: Fault['lasts'], choose: Choice, act: Act, undo: Act): Fault {
  return {
    name,
    majority: true,
    lasts,
    async begin(cluster, queue, random) {
      const node = await choose(cluster, queue, random);
      await act(cluster, node);
      const end = async () => {
        await undo(cluster, node);
      };
      return { hit: numberOf(cluster, node), end };
    },
  };
}

async function killTwo(cluster: RabbitCluster, _queue: string, random: Random): Promise<Effect> {
  const gone = random.shuffled(cluster.nodes).slice(0, 2);
  await Promise.all(gone.map((node) => node.kill()));
  const end = async () => {
    await Promise.all(gone.map((node) => node.restart()));
  };
  return { hit: gone.map((node) => numberOf(cluster, node)).join(', '), end };
}

async function restartOneByOne(cluster: RabbitCluster): Promise<Effect> {
  for (const node of cluster.nodes) {
    // As an operator does: no queue may lose its majority with the next node.
    await node.control.tool('rabbitmq-upgrade', 'await_online_quorum_plus_one');
    await node.restart();
  }
  return { hit: 'all nodes', end: async () => undefined };
}

/** All leaders are gathered on one node first: otherwise nothing may be left to do. */
async function rebalance(cluster: RabbitCluster, _queue: string, random: Random): Promise<Effect> {
  const node = random.pick(cluster.nodes);
  await cluster.rabbitmqctl('eval', GATHER.replace('NODE', node.control.address.nodename));
  const end = async () => {
    await cluster.survivor.control.tool('rabbitmq-queues', 'rebalance', 'quorum');
  };
  return { hit: `all leaders on ${numberOf(cluster, node)}`, end };
}

function numberOf(cluster: RabbitCluster, node: RabbitNode): string {
  return `node ${cluster.nodes.indexOf(node) + 1}`;
}
