import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import { clusterFaults } from '../faults/lab/cluster-faults.js';
import { scenarioOf } from '../faults/lab/cluster-scenarios.js';
import { Lab } from '../faults/lab/lab.js';
import { Random } from '../faults/lab/random.js';
import { makeSecrets } from '../faults/lab/secrets.js';
import { runScenario } from '../faults/lab/stage.js';

const secrets = makeSecrets();
const PLANNED = ['node drained', 'rolling restart', 'leaders rebalanced'];

describe('planned maintenance of a cluster of RabbitMQ 4', () => {
  const random = new Random(1);
  let cluster: RabbitCluster;
  let lab: Lab;

  beforeAll(async () => {
    cluster = await RabbitCluster.start(3, { user: secrets.user });
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

  it.each(PLANNED)(
    'leaves no client without an answer for long, runs nothing twice, loses nothing: %s',
    async (name) => {
      const fault = clusterFaults.find((one) => one.name === name);
      if (!fault) throw new Error(`No fault has the name ${name}`);
      await lab.load();
      await runScenario(lab, scenarioOf(fault, cluster), random, console.log);
      await lab.served(1);
      const { table, problems } = await lab.reckon();
      console.log(table);
      expect(problems, await lab.logs()).toEqual([]);
    },
    480_000,
  );
});
