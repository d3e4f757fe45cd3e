import type { Controllable } from '../../support/broker-inspector.js';
import { eventually } from '../../support/eventually.js';

/** Connections, channels and queues, as the broker reports them. */
export interface BrokerView {
  readonly connections: number;
  readonly channels: number;
  /** Names, with their random parts left out. */
  readonly queues: readonly string[];
  /**
   * Names of records of exclusive queues whose process and connection are gone. A node that is cut off from its cluster
   * cannot delete them, and may not do it later: a restart of the node does.
   */
  readonly orphans: readonly string[];
}

const REPLY_QUEUE = 'reply_<id>';

/** One question, not four: each call of `rabbitmqctl` boots an Erlang machine. */
const QUESTION = `
  IsGone = fun(Pid) -> rpc:call(node(Pid), erlang, is_process_alive, [Pid]) =:= false end,
  IsOrphan = fun(Queue) ->
    Owner = amqqueue:get_exclusive_owner(Queue),
    is_pid(Owner) andalso IsGone(Owner) andalso IsGone(amqqueue:get_pid(Queue))
  end,
  {Orphans, Queues} = lists:partition(IsOrphan, rabbit_amqqueue:list()),
  NamesOf = fun(List) -> [element(4, amqqueue:get_name(Queue)) || Queue <- List] end,
  {
    length(rabbit_networking:connections()),
    length(rabbit_channel:list()),
    NamesOf(Queues),
    orphans,
    NamesOf(Orphans)
  }.`;

/** Asks no connection itself: one whose client is gone may wait for others. */
const CONNECTIONS = `
  InfoOf = fun(Pid, Item) -> rpc:call(node(Pid), erlang, process_info, [Pid, Item]) end,
  [catch begin
    {dictionary, Dictionary} = InfoOf(Pid, dictionary),
    {lists:keyfind(process_name, 1, Dictionary), InfoOf(Pid, [current_stacktrace, message_queue_len])}
  end || Pid <- rabbit_networking:connections()].`;

/** Returns what the processes of the connections are doing, with the addresses of their clients. */
export function connectionsAtWork(node: Controllable): Promise<string> {
  return node.rabbitmqctl('eval', CONNECTIONS);
}

export async function brokerView(node: Controllable): Promise<BrokerView> {
  return viewIn(await node.rabbitmqctl('eval', QUESTION));
}

/** Returns the view in the answer of a node. */
export function viewIn(answer: string): BrokerView {
  const [, connections, channels] = /\{(\d+),\s*(\d+),/.exec(answer) ?? [];
  const [queues = '', orphans = ''] = answer.split(/,\s*orphans,/);
  return {
    connections: Number(connections),
    channels: Number(channels),
    queues: namesIn(queues),
    orphans: namesIn(orphans),
  };
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/<<"(.*?)">>/g)].map(([, name = '']) => name.replace(/[0-9a-f]{32}/, '<id>')).sort();
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
    const problems = found.map((text) => `the broker had ${text}`);
    return found.some((text) => text.includes('connections'))
      ? [...problems, await connectionsAtWork(this.broker)]
      : problems;
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
    // No other exclusive queue is left behind by a client of these: claims of numbers are not in use.
    ...now.orphans.filter((name) => name !== REPLY_QUEUE).map((name) => `not yet the orphan ${name}`),
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
