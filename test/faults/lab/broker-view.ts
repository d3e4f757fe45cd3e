import type { Controllable } from '../../support/broker-inspector.js';

/** Connections, channels and queues, as the broker reports them. */
export interface BrokerView {
  readonly connections: number;
  readonly channels: number;
  /** Names, with their random parts left out. */
  readonly queues: readonly string[];
}

/** One question, not three: each call of `rabbitmqctl` boots an Erlang machine. */
const QUESTION = `{
  length(rabbit_networking:connections()),
  length(rabbit_channel:list()),
  [Name || {resource, _, queue, Name} <- rabbit_amqqueue:list_names()]
}.`;

export async function brokerView(node: Controllable): Promise<BrokerView> {
  const answer = await node.rabbitmqctl('eval', QUESTION);
  const [, connections, channels] = /\{(\d+),\s*(\d+),/.exec(answer) ?? [];
  const names = [...answer.matchAll(/<<"(.*?)">>/g)].map(([, name = '']) => name.replace(/[0-9a-f]{32}/, '<id>'));
  return { connections: Number(connections), channels: Number(channels), queues: names.sort() };
}

/**
 * Returns differences of one view from another; empty when there are none. Fewer channels are none: those to publish on
 * are closed while they are idle.
 */
export function differences(before: BrokerView, now: BrokerView): string[] {
  const counts = (['connections', 'channels'] as const)
    .filter((what) => (what === 'channels' ? before[what] < now[what] : before[what] !== now[what]))
    .map((what) => `${before[what]} ${what}, and now ${now[what]}`);
  return [
    ...counts,
    ...without(now.queues, before.queues).map((name) => `not yet the queue ${name}`),
    ...without(before.queues, now.queues).map((name) => `the queue ${name}, which is gone`),
  ];
}

/** Each of the others takes one away. */
function without(names: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return names.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
