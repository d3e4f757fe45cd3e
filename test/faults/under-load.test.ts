import { afterAll, beforeAll, expect, it } from 'vitest';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { Lab } from './lab/lab.js';
import { Random } from './lab/random.js';
import { networkScenarios, nodeScenarios, shutDown } from './lab/scenarios.js';
import { makeSecrets } from './lab/secrets.js';
import type { Service, ServiceOptions } from './lab/service.js';
import { runScenarios } from './lab/stage.js';

const KILLS = 3;
/** Short faults. `npm run chaos` runs all of them, and for longer. */
const SHORT_FAULTS = ['reset', 'late, then reset', 'slices of one byte', 'the broker closes all connections'];
const SHORT_FAULT_SECONDS = 12;

/** Together 500 calls and 200 casts a second. */
const SERVICES: ServiceOptions[] = [
  { name: 'once', delivery: 'at-most-once', callRate: 200, castRate: 80, proxied: true },
  {
    name: 'durable',
    delivery: 'at-least-once',
    rabbit: { amqpDurableQueues: true },
    callRate: 150,
    castRate: 60,
    proxied: true,
  },
  { name: 'quorum', delivery: 'at-least-once', rabbit: { rabbitQuorumQueue: true }, callRate: 150, castRate: 60 },
];

const secrets = makeSecrets();

describeWithRabbitControl('servers and clients under load', () => {
  let node: RabbitNode;
  let lab: Lab;

  beforeAll(async () => {
    node = await RabbitNode.start({ user: secrets.user });
    lab = await Lab.open(node.url, node, secrets);
    await lab.begin(...SERVICES);
  }, 480_000);
  afterAll(async () => {
    await lab?.close();
    await node?.stop();
  });

  /** Everything settles, and is accounted for. */
  async function reckon(): Promise<void> {
    const { table, problems } = await lab.reckon();
    console.log(table);
    expect(problems).toEqual([]);
  }

  /** A server may be idle at the moment of its death, which would prove nothing. */
  async function killAtWork(service: Service): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) if ((await service.killServer()) > 0) return;
    throw new Error(`${service.name} was never at work when it was killed`);
  }

  it('survive a broker that is killed again and again', async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await node.kill();
      await node.restart();
      await lab.recovery();
      await lab.served(1);
    }
    await reckon();
  }, 240_000);

  it('lose no request that a server had begun before its stop', async () => {
    await lab.load();
    await lab.served(1);
    await Promise.all(lab.services.map((service) => shutDown(lab, service)));
    await lab.served(1);
    await reckon();
  }, 120_000);

  it('lose no request of a killed server at least once', async () => {
    await lab.load();
    await lab.served(1);
    const sure = lab.services.filter(({ options }) => options.delivery === 'at-least-once');
    await Promise.all(sure.map(killAtWork));
    await lab.served(1);
    await reckon();
  }, 240_000);

  it('survive network faults, and release everything', async () => {
    await lab.load();
    await lab.served(1);
    const scenarios = [...nodeScenarios(node), ...networkScenarios].filter(({ name }) => SHORT_FAULTS.includes(name));
    expect(scenarios).toHaveLength(SHORT_FAULTS.length);
    await runScenarios(lab, scenarios, new Random(1), SHORT_FAULT_SECONDS, console.log);
    const { table, problems } = await lab.finish();
    console.log(table);
    expect(problems).toEqual([]);
  }, 180_000);
});
