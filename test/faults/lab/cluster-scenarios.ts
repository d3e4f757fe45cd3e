import { setTimeout as sleep } from 'node:timers/promises';
import type { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import type { Fault } from './fault.js';
import type { Lab } from './lab.js';
import type { Random } from './random.js';
import type { Scenario } from './scenarios.js';

/** Seconds for queues without a majority to find a leader, once there is one again. */
export const ELECTION = 15;
/** A fault waits so many seconds at most for the services to recover before it ends. */
const PATIENCE = 30;
/** Requests that were in flight when a fault began are answered within so many milliseconds, or not at all. */
const IN_FLIGHT_MS = 1000;

/** Scenario of a fault of a cluster. Its effects are in the lab's fault log. */
export function scenarioOf(fault: Fault, cluster: RabbitCluster): Scenario {
  return {
    name: fault.name,
    ...(fault.majority ? {} : { recovery: ELECTION }),
    run: (lab, random) => runFault(fault, cluster, lab, random),
  };
}

async function runFault(fault: Fault, cluster: RabbitCluster, lab: Lab, random: Random): Promise<string> {
  const since = performance.now();
  lab.faults.begin(fault);
  const { hit, end } = await fault.begin(cluster, random.pick(lab.services).name, random);
  if (fault.majority) await lab.silence(Date.now() + IN_FLIGHT_MS, PATIENCE);
  const [shortest, longest] = fault.lasts;
  await sleep(Math.max(0, 1000 * random.between(shortest, longest) - (performance.now() - since)));
  await end();
  return hit;
}
