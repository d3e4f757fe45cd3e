import type { TestProject } from 'vitest/node';
import { ensurePresent, osloMessaging, rabbitmq } from '../../testkit/prerequisites.js';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import type { RabbitAddress } from '../../testkit/rabbit-control.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The transport URL of the broker that all test files share; empty when there is none. */
    rabbitUrl: string;
    /** Access to that broker by rabbitmqctl; null for a broker that the tests did not start. */
    rabbitAddress: RabbitAddress | null;
    pythonPresent: boolean;
  }
}

/**
 * One broker for the whole run, a cluster of `TEST_CLUSTER_NODES` if that is set. `TEST_RABBIT_URL` names one that runs
 * already; `TEST_RABBIT_URL=none` does without, which saves the start of it while working on what needs none.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_RABBIT_URL;
  const broker = !given && ensurePresent(rabbitmq) ? await startBroker() : undefined;
  const url = given === 'none' ? '' : given || broker?.url || '';
  project.provide('rabbitUrl', url);
  project.provide('rabbitAddress', broker?.control.address ?? null);
  project.provide('pythonPresent', url !== '' && ensurePresent(osloMessaging));
  return async () => {
    await broker?.stop();
  };
}

function startBroker(): Promise<RabbitNode | RabbitCluster> {
  const nodes = Number(process.env.TEST_CLUSTER_NODES ?? 1);
  return nodes > 1 ? RabbitCluster.start(nodes) : RabbitNode.start();
}
