import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit } from '../../support/environment.js';
import { type ManagedBroker, managedBroker } from '../../support/managed-broker.js';
import { ManagementApi } from '../../support/management.js';

describeWithRabbit('a mistyped name', { concurrent: true }, () => {
  let broker: ManagedBroker;
  let api: ManagementApi;
  let vhost: string;
  let url: string;

  beforeAll(async () => {
    broker = await managedBroker();
    api = new ManagementApi(broker);
    ({ vhost, url } = await api.addVhost());
    await withChannel(url, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: true });
      // Of a server, of one that only other servers of its topic have dead letters beside, and of many.
      for (const queue of ['work', 'work.calc1', 'work.calc2.dead', ...names('full', 12)])
        await channel.assertQueue(queue, { durable: true });
      await channel.bindQueue('work', 'tacker', 'work');
      // Listeners of a pool have no queue of their topic.
      await channel.assertQueue('audit', { durable: true });
      await channel.bindQueue('audit', 'tacker', 'events.info');
      await channel.assertExchange('work_fanout', 'fanout', { durable: true });
      await channel.bindQueue('work', 'work_fanout', '');
    });
  });
  afterAll(async () => {
    await api?.deleteVhost(vhost);
    await broker?.stop();
  });

  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}.dead`);
  const run = (command: string, ...args: string[]) =>
    osloRpc([...command.split(' '), '--url', url, '--management-url', broker.managementUrl, ...args]);

  it('of a topic ends dead with what there is', async () => {
    const { code, stdout, stderr } = await run('dead replay', '--topic', 'wrok', '--all', '--yes');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(
      /neither a queue nor dead letters of the topic "wrok"\. It has the dead-letter queues full0\.dead, .* and others\n$/,
    );
    expect(stderr.match(/\w+\.dead/g)).toHaveLength(10);
    expect(await run('dead ls', '--topic', 'events')).toMatchObject({
      code: 0,
      stdout: 'No dead letters\n',
      stderr: '',
    });
  });

  it('of a server ends dead, one without dead letters does not', async () => {
    const known = { code: 0, stdout: 'No dead letters\n', stderr: '' };
    expect(await run('dead ls', '--topic', 'work', '--server', 'calc1')).toMatchObject(known);
    expect(await run('dead ls', '--topic', 'work', '--server', 'calc2')).toMatchObject({ code: 0, stderr: '' });
    // A topic whose dead letters are all of its servers.
    expect(await run('dead ls', '--topic', 'work')).toMatchObject({ code: 0, stderr: '' });
    expect(await run('dead ls', '--topic', 'work', '--server', 'clac1')).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('dead letters of the server "clac1" of the topic "work"'),
    });
  });

  it('of a topic fails each demand of check on its queue', async () => {
    const none = { code: 1, stdout: 'FAILED wrok: no queue wrok\n' };
    for (const demand of ['--max-ready', '--max-unacknowledged'])
      expect(await run('check', '--timeout', '30s', '--topic', 'wrok', '--consumers', '0', demand, '9')).toMatchObject(
        none,
      );
    const asked = await run('check', '--timeout', '30s', '--topic', 'wrok', '--consumers', '0');
    expect(asked).toMatchObject({ code: 0, stdout: 'OK wrok: no queue wrok\n' });
  });

  it('of an exchange ends list with those that there are', async () => {
    expect(await run('list', '--exchange', 'takcer')).toMatchObject({
      code: 4,
      stdout: '',
      stderr: 'MessageUndeliverable: No topic is on the exchange "takcer": there are topics on tacker\n',
    });
    const empty = await api.addVhost();
    expect(await run('list', '--exchange', 'takcer', '--url', empty.url)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: 'MessageUndeliverable: No topic is on the exchange "takcer": the broker has no topic\n',
    });
    await api.deleteVhost(empty.vhost);
  });
});
