import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { osloRpcProcess } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { latch } from '../../support/latch.js';
import { type ManagedBroker, managedBroker } from '../../support/managed-broker.js';
import { ManagementApi } from '../../support/management.js';
import { silent } from '../../support/silent.js';

describeWithRabbit('a probe', () => {
  const topic = uniqueTopic();
  const held = latch();
  let broker: ManagedBroker;
  let api: ManagementApi;
  let vhost: string;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    if (rabbitUrl === '') return;
    broker = await managedBroker();
    api = new ManagementApi(broker);
    ({ vhost, url } = await api.addVhost());
    const transport = getRpcTransport({
      transportUrl: url,
      rpcPingEnabled: true,
      rpcDiscoveryEnabled: true,
      concurrency: 1,
      logger: silent,
    });
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ hold: () => held.promise }]);
    await server.start();
    await withChannel(url, async (channel) => {
      await channel.assertQueue(`${topic}.mute`, { durable: true });
      await channel.bindQueue(`${topic}.mute`, 'tacker', `${topic}.mute`);
    });
    // All slots are taken: doctor asks twice, and its questions end last.
    await new RPCClient(transport, new Target({ topic })).cast({}, 'hold');
    close = async () => {
      held.resolve();
      await server.stop();
      await transport.cleanup();
    };
  });

  afterAll(async () => {
    await close?.();
    await api?.deleteVhost(vhost);
    await broker?.stop();
  });

  // A process: within this one, the transport would go on closing after the command.
  it.each([
    ['check --ping', ['check', '--ping'], 0],
    [
      'check --ping without an answer',
      ['check', '--ping', '--server', 'mute', '--consumers', '0', '--timeout', '10s'],
      3,
    ],
    ['doctor --ask-servers', ['doctor', '--ask-servers'], 1],
  ])('%s leaves no queue in the broker', async (_name, args, code) => {
    const before = await api.queueNames(vhost);
    const outcome = await osloRpcProcess([...args, '--url', url, '--topic', topic]);
    expect(outcome).toMatchObject({ code });
    expect(await api.queueNames(vhost)).toEqual(before);
  });
});
