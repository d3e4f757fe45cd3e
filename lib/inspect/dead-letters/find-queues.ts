import { ConfigurationError, deadLetterQueue, type ListedQueue, PRIORITIES } from '../../internal.js';
import type { DeadLetterBroker } from './broker.js';
import type { DeadLetterScope } from './dead-letter-options.js';
import { SUFFIX } from './death.js';
import { assertKnown } from './known-topic.js';

/**
 * Returns the names of the dead-letter queues of a scope. The management API also tells those that RabbitMQ dead-letters to
 * (`x-dead-letter-exchange`), unless somebody consumes them: such a queue is one of work, or of delayed retries.
 * @throws ConfigurationError for a scope without queue and topic, where there is no management API; MessageUndeliverable for a
 * topic that must exist, and does not
 */
export async function findQueues(broker: DeadLetterBroker, scope: DeadLetterScope): Promise<string[]> {
  const { queue, topic } = scope;
  if (queue !== undefined) return [queue];
  const all = broker.management && (await listAll(broker));
  if (topic === undefined) {
    if (all)
      return sorted(
        all.filter(({ name }) => name.endsWith(SUFFIX)).map(({ name }) => name),
        targetsOf(all, () => true),
      );
    throw new ConfigurationError('No queue, topic or managementUrl is given: only the management API lists all queues');
  }
  return queuesOfTopic(broker, all, { ...scope, topic });
}

async function queuesOfTopic(
  broker: DeadLetterBroker,
  all: readonly BoundQueue[] | undefined,
  { topic, server, mustExist }: TopicScope,
): Promise<string[]> {
  const own = server === undefined ? [] : [`${topic}.${server}`];
  const sources = [topic, ...own, ...PRIORITIES.map((one) => `${topic}.${one}`)];
  const deadOf = (source: string) => deadLetterQueue(source, broker.settings.rabbit).name;
  const wanted = own.length > 0 ? own : sources;
  if (!all) {
    const dead = await existing(broker, sources.map(deadOf));
    const isKnown = async () =>
      wanted.some((source) => dead.includes(deadOf(source))) || (await existing(broker, wanted)).length > 0;
    if (mustExist) await assertKnown({ topic, server }, isKnown, undefined);
    return dead;
  }
  const isOfTopic = (name: string) =>
    server === undefined ? name === topic || name.startsWith(`${topic}.`) : sources.includes(name);
  const names = all.map(({ name }) => name);
  const isKnown = () => {
    const known = new Set([...wanted, ...wanted.map(deadOf)]);
    // Listeners of a pool have the topic in their bindings alone.
    const isBound = ({ bindings }: BoundQueue) => bindings.some(({ key }) => wanted.includes(key));
    return all.some((one) => known.has(one.name) || (server === undefined && isOfTopic(one.name)) || isBound(one));
  };
  if (mustExist) await assertKnown({ topic, server }, isKnown, names);
  const dead = new Set(sources.map(deadOf));
  return sorted(
    names.filter((name) => dead.has(name) || (name.endsWith(SUFFIX) && isOfTopic(name.slice(0, -SUFFIX.length)))),
    targetsOf(all, isOfTopic),
  );
}

/** Returns those of the queues that the broker has. */
async function existing(broker: DeadLetterBroker, queues: readonly string[]): Promise<string[]> {
  const found = queues.map(async (queue) => ((await broker.exists(queue)) ? [queue] : []));
  return (await Promise.all(found)).flat();
}

/** Scope of a topic. */
type TopicScope = Pick<DeadLetterScope, 'mustExist' | 'server'> & { readonly topic: string };

/** Queue of a virtual host, with its bindings. */
interface BoundQueue extends ListedQueue {
  readonly bindings: readonly { readonly exchange: string; readonly key: string }[];
}

async function listAll(broker: DeadLetterBroker): Promise<BoundQueue[]> {
  const { management } = broker;
  if (!management) return [];
  const [queues, bindings] = await Promise.all([management.allQueues(), management.allBindings()]);
  const byQueue = new Map<string, { exchange: string; key: string }[]>(queues.map(({ name }) => [name, []]));
  for (const { queue, exchange, key } of bindings) byQueue.get(queue)?.push({ exchange, key });
  return queues.map((queue) => ({ ...queue, bindings: byQueue.get(queue.name) ?? [] }));
}

/** Returns the queues without a consumer that the chosen ones dead-letter to. */
function targetsOf(all: readonly BoundQueue[], isSource: (name: string) => boolean): string[] {
  return all.flatMap((source) => {
    const exchange = ruleOf(source, 'dead-letter-exchange');
    if (exchange === undefined || !isSource(source.name)) return [];
    const key = ruleOf(source, 'dead-letter-routing-key');
    const isTarget = (queue: BoundQueue) =>
      exchange === ''
        ? queue.name === key
        : queue.bindings.some(
            (one) => one.exchange === exchange && (key === undefined || one.key === key || /[#*]/.test(one.key)),
          );
    return all
      .filter((queue) => queue.consumers === 0 && queue.name !== source.name && isTarget(queue))
      .map(({ name }) => name);
  });
}

/** Returns an argument of a queue, or else what a policy sets. */
function ruleOf({ arguments: args, policy }: ListedQueue, name: string): string | undefined {
  const value = args[`x-${name}`] ?? policy[name];
  return typeof value === 'string' ? value : undefined;
}

function sorted(...names: readonly (readonly string[])[]): string[] {
  return [...new Set(names.flat())].sort();
}
