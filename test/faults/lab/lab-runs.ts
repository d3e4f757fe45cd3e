import type { RabbitOptions } from 'nestjs-oslo-messaging';
import { ClusterNetwork } from '../../../testkit/cluster-network.js';
import { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import { RabbitNode } from '../../../testkit/rabbit-node.js';
import { isDenying } from '../../../testkit/release.js';
import { clusterFaults, killedNodes } from './cluster-faults.js';
import { scenarioOf } from './cluster-scenarios.js';
import type { Fault } from './fault.js';
import { Lab, type Outcome } from './lab.js';
import type { LabOptions } from './lab-options.js';
import type { Random } from './random.js';
import { networkScenarios, nodeScenarios, processScenarios } from './scenarios.js';
import { makeSecrets } from './secrets.js';
import type { ServiceOptions } from './service.js';
import { runScenario, runScenarios, type Say } from './stage.js';

type Load = Pick<LabOptions, 'rate' | 'delivery' | 'config' | 'keep'>;

const secrets = makeSecrets();

/** One service in each delivery mode, with several processes on both sides. */
function services({ rate, delivery }: Load, more: Partial<ServiceOptions>, sure?: RabbitOptions): ServiceOptions[] {
  const common = { servers: 2, clients: 2, callRate: rate / 2, castRate: rate / 5, ...more };
  const both: ServiceOptions[] = [
    { name: 'once', delivery: 'at-most-once', ...common },
    { name: 'sure', delivery: 'at-least-once', ...common, rabbit: { ...more.rabbit, ...sure } },
  ];
  return both.filter((one) => delivery === undefined || one.delivery === delivery);
}

/** Faults at random for a single node behind proxies. */
export async function onOneNode(random: Random, seconds: number, load: Load, say: Say): Promise<Outcome> {
  say('starting a node, servers and clients');
  const node = await RabbitNode.start({ user: secrets.user, config: [...load.config] });
  const lab = await Lab.open(node.url, node, secrets, load.keep);
  try {
    await lab.begin(...services(load, { proxied: true }, isDenying ? {} : { amqpDurableQueues: true }));
    const scenarios = [...nodeScenarios(node), ...processScenarios, ...networkScenarios];
    await runScenarios(lab, scenarios, random, seconds, say);
    return await lab.finish();
  } finally {
    await lab.close();
    await node.stop();
  }
}

/** Faults at random for a cluster, and for the processes. */
export function onACluster(random: Random, seconds: number, load: Load, say: Say): Promise<Outcome> {
  const faults = isDenying ? clusterFaults : killedNodes;
  return withCluster(faults, load, say, (lab, possible, cluster) => {
    const scenarios = [...possible.map((fault) => scenarioOf(fault, cluster)), ...processScenarios];
    return runScenarios(lab, scenarios, random, seconds, say);
  });
}

/** Each of these faults once. */
export function oneByOne(faults: readonly Fault[], random: Random, load: Load, say: Say): Promise<Outcome> {
  return withCluster(faults, load, say, async (lab, possible, cluster) => {
    for (const fault of possible) {
      await runScenario(lab, scenarioOf(fault, cluster), random, say);
      await lab.served(2);
    }
  });
}

async function withCluster(
  faults: readonly Fault[],
  load: Load,
  say: Say,
  work: (lab: Lab, possible: readonly Fault[], cluster: RabbitCluster) => Promise<void>,
): Promise<Outcome> {
  const isIsolated = faults.some(({ needs }) => needs === 'namespaces');
  const missing = isIsolated ? ClusterNetwork.missing() : undefined;
  const possible = missing === undefined ? faults : faults.filter(({ needs }) => needs !== 'namespaces');
  for (const fault of faults) if (!possible.includes(fault)) say(`left out: ${fault.name}, since ${missing}`);
  say('starting a cluster of three nodes, servers and clients');
  const namespaces = isIsolated && missing === undefined;
  const cluster = await RabbitCluster.start(3, { user: secrets.user, config: [...load.config], namespaces });
  const lab = await Lab.open(cluster.url, cluster, secrets, load.keep);
  try {
    await lab.begin(...services(load, { rabbit: isDenying ? {} : { rabbitQuorumQueue: true } }));
    say('all are served');
    await work(lab, possible, cluster);
    return await lab.finish();
  } finally {
    await lab.close();
    await cluster.stop();
  }
}
