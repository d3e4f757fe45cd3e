import { afterAll, beforeAll, expect, it } from 'vitest';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { killedNodes } from './lab/cluster-faults.js';
import { scenarioOf } from './lab/cluster-scenarios.js';
import { Lab } from './lab/lab.js';
import type { Account } from './lab/ledger.js';
import { Random } from './lab/random.js';
import { makeSecrets } from './lab/secrets.js';
import { runScenario } from './lab/stage.js';

const secrets = makeSecrets();
const TIMEOUT = 4;
// Three nodes and five processes share the processors of a small machine with other tests.
const CALL_RATE = 80;
const CAST_RATE = 40;

const unanswered = (account?: Account) => (account ? account.calls - account.answered : Number.NaN);
const unconfirmed = (account?: Account) => (account ? account.casts - account.confirmed : Number.NaN);

describeWithRabbitControl('a cluster of three nodes, with quorum queues', () => {
  const random = new Random(1);
  let cluster: RabbitCluster;
  let lab: Lab;

  beforeAll(async () => {
    cluster = await RabbitCluster.start(3, { user: secrets.user });
    lab = await Lab.open(cluster.url, cluster, secrets);
    await lab.begin({
      name: 'quorum',
      delivery: 'at-least-once',
      rabbit: { rabbitQuorumQueue: true },
      servers: 2,
      clients: 2,
      callRate: CALL_RATE,
      castRate: CAST_RATE,
      timeout: TIMEOUT,
    });
  }, 480_000);
  afterAll(async () => {
    await lab?.close();
    await cluster?.stop();
  });

  it('loses no confirmed message, and no time, when one node is killed', async () => {
    const kills = killedNodes.filter(({ majority }) => majority);
    expect(kills).toHaveLength(4);
    for (const fault of kills) {
      await runScenario(lab, scenarioOf(fault, cluster), random, console.log);
      await lab.served(1);
    }
    const { table, problems } = await lab.reckon();
    console.log(table);
    expect(problems, await lab.logs()).toEqual([]);
  }, 480_000);

  it('rejects each request with a typed error when two nodes are down, and answers when they are back', async () => {
    await lab.load();
    const [before] = lab.accounts().values();
    for (const fault of killedNodes.filter(({ majority }) => !majority)) {
      const scenario = scenarioOf({ ...fault, lasts: [TIMEOUT + 2, TIMEOUT + 2] }, cluster);
      await runScenario(lab, scenario, random, console.log);
      await lab.served(1);
    }
    const { table, problems } = await lab.finish();
    console.log(table);
    expect(problems).toEqual([]);
    const [after] = lab.accounts().values();
    // The node that is left refuses requests on channels that are new to the queue, and keeps quiet on others: either code.
    expect(unanswered(after)).toBeGreaterThan(unanswered(before) + CALL_RATE);
    expect(unconfirmed(after)).toBeGreaterThan(unconfirmed(before) + CAST_RATE);
  }, 480_000);
});
