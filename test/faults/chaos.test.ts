import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithRabbitControl } from '../support/environment.js';
import { RabbitNode } from '../support/rabbit-node.js';
import { Lab } from './lab/lab.js';
import { makeSecrets } from './lab/secrets.js';
import type { ServiceOptions } from './lab/service.js';

const KILLS = 3;
const secrets = makeSecrets();

/** Together 500 calls and 200 casts a second. */
const SERVICES: ServiceOptions[] = [
  { name: 'once', delivery: 'at-most-once', callRate: 200, castRate: 80 },
  { name: 'durable', delivery: 'at-least-once', rabbit: { amqpDurableQueues: true }, callRate: 150, castRate: 60 },
  { name: 'quorum', delivery: 'at-least-once', rabbit: { rabbitQuorumQueue: true }, callRate: 150, castRate: 60 },
];

describeWithRabbitControl('under load', () => {
  let node: RabbitNode;
  let lab: Lab;

  beforeAll(async () => {
    node = await RabbitNode.start({ user: secrets.user });
    lab = await Lab.open(node.url, node, secrets);
  });
  afterAll(async () => {
    await lab?.close();
    await node?.stop();
  });

  it('a broker that is killed again and again', async () => {
    await lab.begin(...SERVICES);
    for (let kill = 0; kill < KILLS; kill++) {
      await node.kill();
      await node.restart();
      console.log('recovery', await lab.recovery());
      await lab.served(1);
    }
    const { table, problems } = await lab.finish();
    console.log(table);
    expect(problems).toEqual([]);
  }, 240_000);
});
