import { afterAll, beforeAll, expect, it } from 'vitest';
import { listDeadLetters, purgeDeadLetters, replayDeadLetters } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import { requestBody } from '../../support/dead-letters.js';
import { describeWithRabbit } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { type ManagedBroker, managedBroker } from '../../support/managed-broker.js';
import { ManagementApi } from '../../support/management.js';
import { silent } from '../../support/silent.js';

describeWithRabbit('the dead-letter queues of a virtual host', () => {
  let node: ManagedBroker;
  let management: ManagementApi;
  let vhost: string;
  let url: string;
  const broker = () => ({
    transportUrl: url,
    logger: silent,
    rabbit: { managementUrl: node.managementUrl },
  });
  const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

  beforeAll(async () => {
    node = await managedBroker();
    management = new ManagementApi(node);
    ({ vhost, url } = await management.addVhost());
    await management.setPolicy(vhost, 'dead', '^work$', { 'dead-letter-exchange': 'graves', 'delivery-limit': 1 });
    await management.setPolicy(vhost, 'limited', '^limited\\.dead$', { 'delivery-limit': 4 });
    await withChannel(url, async (channel) => {
      await channel.assertExchange('graves', 'fanout');
      await channel.assertQueue('work', quorum);
      for (const queue of ['buried', 'retried', 'plain.dead', 'plain.calc1.dead']) await channel.assertQueue(queue);
      await channel.assertQueue('limited.dead', quorum);
      for (const queue of ['buried', 'retried']) await channel.bindQueue(queue, 'graves', '');
    });
  });
  afterAll(async () => {
    await management?.deleteVhost(vhost);
    await node?.stop();
  });

  it('are those named so, and those without consumers that RabbitMQ dead-letters to', async () => {
    const names = async (scope: object) =>
      (await listDeadLetters({ broker: broker(), ...scope })).queues.map(({ queue }) => queue);
    // Somebody works with what is delayed there.
    await withChannel(url, async (channel) => {
      await channel.consume('retried', () => undefined);
      await expect
        .poll(() => names({}), { timeout: 60_000 })
        .toEqual(['buried', 'limited.dead', 'plain.calc1.dead', 'plain.dead']);
    });
    expect(await names({ topic: 'plain' })).toEqual(['plain.calc1.dead', 'plain.dead']);
    expect(await names({ topic: 'plain', server: 'calc2' })).toEqual(['plain.dead']);
    expect(await names({ topic: 'work' })).toContain('buried');
  });

  it('hold messages that RabbitMQ delivered too often, which can be replayed', async () => {
    await withChannel(url, async (channel) => {
      await channel.deleteQueue('retried');
      channel.sendToQueue('work', requestBody('heal'));
      for (let delivery = 0; delivery < 2; delivery++) {
        const message = await eventually(async () => {
          const got = await channel.get('work');
          if (!got) throw new Error('not there yet');
          return got;
        });
        // From RabbitMQ 4.3 on, a message that is returned by a nack is not counted.
        channel.reject(message);
      }
    });
    const scope = { broker: broker(), queue: 'buried' };
    const group = { reason: 'RabbitMQ: its queue reached the delivery limit', originalQueue: 'work', name: 'heal' };
    await expect
      .poll(async () => (await listDeadLetters(scope)).queues[0]?.groups, { timeout: 30_000 })
      .toMatchObject([group]);
    expect(await replayDeadLetters(scope)).toMatchObject({ replayed: 1, left: 0 });
    await withChannel(url, async (channel) => {
      const message = await channel.get('work', { noAck: true });
      expect(message ? message.properties.headers : null).toMatchObject({ 'x-replayed': 1 });
      expect(message ? message.properties.headers : null).not.toHaveProperty('x-death');
    });
  });

  it('are told from queues of work, which nobody replays or purges by a mistyped name', async () => {
    await withChannel(url, async (channel) => {
      await channel.assertQueue('living', { durable: true });
      channel.sendToQueue('living', requestBody('work'));
      await channel.waitForConfirms();
    });
    const scope = { broker: broker(), queue: 'living' };
    for (const change of [() => replayDeadLetters({ ...scope, to: 'work' }), () => purgeDeadLetters(scope)])
      await expect(change()).rejects.toThrow(
        /"living" holds a message that nobody has dead-lettered.* are replayed or deleted$/,
      );
    expect(await purgeDeadLetters({ ...scope, force: true })).toMatchObject({ purged: 1, left: 0 });
  });

  it('say so where another program holds some of their messages', async () => {
    await withChannel(url, async (channel) => {
      channel.sendToQueue('plain.dead', requestBody('work'));
      await channel.waitForConfirms();
      await channel.consume('plain.dead', () => undefined);
      const { queues } = await listDeadLetters({ broker: broker(), queue: 'plain.dead' });
      const notice = expect.stringMatching(/^Another program consumes from "plain\.dead" \(1 consumer\)/) as string;
      expect(queues).toMatchObject([{ isShared: true, notices: [notice] }]);
    });
    const { queues } = await listDeadLetters({ broker: broker(), queue: 'plain.dead' });
    expect(queues).toMatchObject([{ total: 1, read: 1, isShared: false, notices: [] }]);
  });

  it('lose nothing to a delivery limit that a policy sets', async () => {
    const bodies = [1, 2, 3].map((n) => requestBody('work', { n }));
    await withChannel(url, async (channel) => {
      for (const body of bodies) channel.sendToQueue('limited.dead', body);
      await channel.waitForConfirms();
    });
    const scope = { broker: broker(), queue: 'limited.dead' };
    for (let look = 0; look < 8; look++)
      expect((await listDeadLetters(scope)).queues).toMatchObject([{ type: 'quorum', total: 3, read: 3 }]);
  });
});
