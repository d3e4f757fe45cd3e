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
  rabbit_auth_backend_internal:get_user_limits(), rabbit_disk_monitor:get_disk_free_limit(),
  vm_memory_monitor:get_vm_memory_high_watermark(), lists:sort(application:get_all_env(rabbit))].`;

/** Changes of an operator. */
const CHANGES = `
  rabbit_auth_backend_internal:add_user(<<"left">>, <<"secret">>, <<"tests">>),
  rabbit_auth_backend_internal:set_permissions(<<"left">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>),
  rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"/">>, <<"^$">>, <<"^$">>, <<"^$">>, <<"tests">>),
  ok = rabbit_auth_backend_internal:set_user_limits(<<"guest">>, #{<<"max-connections">> => 9}, <<"tests">>),
  rabbit_policy:set(<<"/">>, <<"p">>, <<".*">>, [{<<"max-length">>, 1}], 0, <<"all">>, <<"tests">>),
  ok = rabbit_disk_monitor:set_disk_free_limit("1MB"),
  application:set_env(rabbit, channel_max, 3), application:unset_env(rabbit, consumer_timeout).`;

const stateOf = (node: RabbitNode) => node.rabbitmqctl('eval', STATE);

describeWithRabbitControl('a borrowed node', () => {
  it.each([
    // A restart resets a part of the state by itself, and keeps another one.
    ['after a restart', 'before'],
    ['before it was killed', 'after'],
  ])('is reset for the next file, where its borrower changed it %s', async (_when, killed) => {
    const node = await borrowNode();
    try {
      const before = await stateOf(node);
      if (killed === 'before') {
        await node.kill();
        await node.restart();
      }
      const { url } = await new ManagementApi(node).addVhost();
      for (const one of [url, node.url])
        await withChannel(one, async (channel) => {
          await channel.assertExchange('left', 'topic');
          await channel.assertQueue('left', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
        });
      await node.rabbitmqctl('eval', CHANGES);
      await node.alarm(true);
      expect(await stateOf(node)).not.toBe(before);
      if (killed === 'after') await node.kill();
      await returnNode(node);
      expect(await borrowNode()).toBe(node);
      expect(await stateOf(node)).toBe(before);
      await withChannel(node.url, (channel) => channel.assertQueue('', { exclusive: true }));
    } finally {
      await returnNode(node);
    }
  });
});
