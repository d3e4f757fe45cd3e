import { expect, it } from 'vitest';
import type { RabbitOptions } from '../../../../../lib/core/rabbit-options.js';
import { rabbitSettings } from '../../../../../lib/core/rabbit-settings.js';
import { queueOptions } from '../../../../../lib/drivers/rabbit/topology/declared-options.js';
import { deadLetterQueue } from '../../../../../lib/drivers/rabbit/topology/topology.js';

const declared = (options: RabbitOptions) => {
  const settings = rabbitSettings(options);
  return queueOptions(deadLetterQueue('orders', settings), settings);
};

it.each<[string, RabbitOptions, object]>([
  ['auto-delete', { amqpAutoDelete: true }, { durable: false, autoDelete: false, exclusive: false, arguments: {} }],
  [
    'bounded in its deliveries',
    { rabbitQuorumQueue: true, rabbitQuorumDeliveryLimit: 3, rabbitQuorumMaxMemoryLength: 10 },
    {
      durable: true,
      autoDelete: false,
      exclusive: false,
      arguments: { 'x-queue-type': 'quorum', 'x-max-in-memory-length': 10 },
    },
  ],
])('a dead-letter queue is not %s as its queue is', (_name, options, expected) => {
  expect(declared(options)).toEqual(expected);
});
