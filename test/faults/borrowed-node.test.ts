import { expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { ManagementApi } from '../support/management.js';

const STATE = `[
  rabbit_vhost:list_names(), rabbit_auth_backend_internal:list_users(), rabbit_auth_backend_internal:list_permissions(),
  lists:sort([amqqueue:get_name(Queue) || Queue <- rabbit_amqqueue:list()]), lists:sort(rabbit_exchange:list()),
  rabbit_policy:list(), rabbit_alarm:get_alarms(), rabbit_networking:connections(),
  application:get_env(rabbit, channel_max), application:get_env(rabbit, consumer_timeout)].`;

const stateOf = (node: RabbitNode) => node.rabbitmqctl('eval', STATE);

describeWithRabbitControl('a borrowed node', () => {
  it.each([
    ['did', false],
    ['did before it was killed', true],
  ])('is reset for the next file, after a borrower that %s', async (_what, isKilled) => {
    const node = await borrowNode();
    try {
      const before = await stateOf(node);
      const { url } = await new ManagementApi(node).addVhost();
      for (const one of [url, node.url])
        await withChannel(one, async (channel) => {
          await channel.assertExchange('left', 'topic');
          await channel.assertQueue('left', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
        });
      await node.rabbitmqctl('add_user', 'left', 'secret');
      await node.rabbitmqctl('set_permissions', 'left', '.*', '.*', '.*');
      await node.rabbitmqctl('set_permissions', 'guest', '^$', '^$', '^$');
      await node.rabbitmqctl(
        'eval',
        'rabbit_policy:set(<<"/">>, <<"p">>, <<".*">>, [{<<"max-length">>, 1}], 0, <<"all">>, <<"tests">>).',
      );
      await node.rabbitmqctl(
        'eval',
        'application:set_env(rabbit, channel_max, 3), application:unset_env(rabbit, consumer_timeout).',
      );
      await node.alarm(true);
      expect(await stateOf(node)).not.toBe(before);
      if (isKilled) await node.kill();
      await returnNode(node);
      expect(await borrowNode()).toBe(node);
      expect(await stateOf(node)).toBe(before);
      await withChannel(node.url, (channel) => channel.assertQueue('', { exclusive: true }));
    } finally {
      await returnNode(node);
    }
  });
});
