import type { Controllable } from '../../support/broker-inspector.js';
import { eventually } from '../../support/eventually.js';

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

/** Milliseconds within which the broker lets go of what killed processes left behind. */
const LEFTOVERS_MS = 40_000;

/** Compares what the broker has at the end with what it had at the beginning. */
export class BrokerWatch {
  #baseline: BrokerView | undefined;

  constructor(private readonly broker: Controllable) {}

  /** Takes the view once two in a row are equal: idle channels to publish on are closed after 2 to 4 seconds. */
  async begin(): Promise<void> {
    let before: BrokerView | undefined;
    this.#baseline = await eventually(
      async () => {
        const now = await brokerView(this.broker);
        const isSettled = before && differences(before, now).length === 0 && differences(now, before).length === 0;
        before = now;
        if (!isSettled) throw new Error('The broker still opens or closes something');
        return now;
      },
      { every: 4500, within: 60_000 },
    );
  }

  /** Resolves with lasting differences. */
  async compare(): Promise<string[]> {
    let found: string[] = [];
    const check = async () => {
      if (!this.#baseline) return;
      found = differences(this.#baseline, await brokerView(this.broker));
      if (found.length > 0) throw new Error('not yet');
    };
    await eventually(check, { within: LEFTOVERS_MS, every: 1000 }).catch(() => undefined);
    return found.map((text) => `the broker had ${text}`);
  }
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
