import type { QueueBinding } from './management-api.js';

/** Topic of RPC, as its queues show it. */
export interface RpcTopic {
  readonly exchange: string;
  readonly topic: string;
  readonly servers: readonly RpcTopicServer[];
}

/** Server of a topic that has declared its queue. */
export interface RpcTopicServer {
  readonly server: string;
  /** True while its queue has a consumer. */
  readonly isRunning: boolean;
}

/**
 * Finds the topics and servers of RPC among the bindings of a virtual host: a topic has a queue of its name, and a fanout
 * exchange that a queue is bound to; a server of it has the queue `<topic>.<server>` on the same exchange.
 */
export function findRpcTopics(
  bindings: readonly (QueueBinding & { readonly queue: string })[],
  consumers: ReadonlyMap<string, number>,
): RpcTopic[] {
  const fanouts = new Set(bindings.map(({ exchange }) => exchange));
  // Queues of servers are bound by their names.
  const named = bindings.filter(({ queue, key }) => queue === key);
  const topics = new Map<string, RpcTopic & { servers: RpcTopicServer[] }>();
  const keyOf = (exchange: string, topic: string) => JSON.stringify([exchange, topic]);
  for (const { exchange, queue: topic } of named)
    if (fanouts.has(`${topic}_fanout`)) topics.set(keyOf(exchange, topic), { exchange, topic, servers: [] });
  for (const { exchange, queue } of named) {
    if (topics.has(keyOf(exchange, queue))) continue;
    // Names of topics and of servers can have dots. The longest topic is meant.
    for (let dot = queue.lastIndexOf('.'); dot > 0; dot = queue.lastIndexOf('.', dot - 1)) {
      const found = topics.get(keyOf(exchange, queue.slice(0, dot)));
      if (!found || dot === queue.length - 1) continue;
      found.servers.push({ server: queue.slice(dot + 1), isRunning: (consumers.get(queue) ?? 0) > 0 });
      break;
    }
  }
  const byName = (one: string, other: string) => (one < other ? -1 : Number(one !== other));
  for (const { servers } of topics.values()) servers.sort((one, other) => byName(one.server, other.server));
  return [...topics.values()].sort(
    (one, other) => byName(one.topic, other.topic) || byName(one.exchange, other.exchange),
  );
}
