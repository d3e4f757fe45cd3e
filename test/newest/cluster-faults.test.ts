import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterNetwork } from '../../testkit/cluster-network.js';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import { clusterFaults } from '../faults/lab/cluster-faults.js';
import { scenarioOf } from '../faults/lab/cluster-scenarios.js';
import { Lab } from '../faults/lab/lab.js';
import { Random } from '../faults/lab/random.js';
import { makeSecrets } from '../faults/lab/secrets.js';
import { runScenario } from '../faults/lab/stage.js';

const secrets = makeSecrets();
/** With its default, RabbitMQ takes up to 10 s to elect after a node was cut off: longer than the lab lets a client wait. */
const FAST_ELECTION = 'raft.adaptive_failure_detector.poll_interval = 1000';
/** Reason why no node can be cut off on this machine. */
const missing = ClusterNetwork.missing();

describe('a cluster of RabbitMQ 4, in both delivery modes', () => {
  const random = new Random(1);
  let cluster: RabbitCluster;
  let lab: Lab;

  beforeAll(async () => {
    cluster = await RabbitCluster.start(3, {
      user: secrets.user,
      config: [FAST_ELECTION],
      namespaces: missing === undefined,
    });
    lab = await Lab.open(cluster.url, cluster, secrets);
    const load = { servers: 2, clients: 1, callRate: 20, castRate: 10 };
    await lab.begin(
      { name: 'once', delivery: 'at-most-once', ...load },
      { name: 'sure', delivery: 'at-least-once', ...load },
    );
  }, 480_000);
  afterAll(async () => {
    await lab?.close();
    await cluster?.stop();
  });

  it.for(clusterFaults)(
    'leaves no client without an answer for long, runs nothing twice, loses nothing: $name',
    { timeout: 480_000 },
    async (fault, { skip }) => {
      skip(fault.needs === 'namespaces' && missing !== undefined, missing);
      await lab.load();
      await runScenario(lab, scenarioOf(fault, cluster), random, console.log);
      await lab.served(1);
      const { table, problems } = await lab.reckon();
      console.log(table);
      expect(problems, await lab.logs()).toEqual([]);
    },
  );
});
