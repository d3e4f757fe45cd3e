import type { Controllable } from '../../support/broker-inspector.js';

/** How many there are of each, in the broker's own eyes. */
export interface BrokerView {
  readonly connections: number;
  readonly channels: number;
  readonly queues: number;
}

/** One question, not three: each call of `rabbitmqctl` boots an Erlang machine. */
const COUNTS =
  '{length(rabbit_networking:connections()), length(rabbit_channel:list()), length(rabbit_amqqueue:list())}.';

export async function brokerView(node: Controllable): Promise<BrokerView> {
  const answer = await node.rabbitmqctl('eval', COUNTS);
  const [connections = 0, channels = 0, queues = 0] = (answer.match(/\d+/g) ?? []).map(Number);
  return { connections, channels, queues };
}
