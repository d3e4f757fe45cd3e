import { MAX_LIST_LENGTH, ManagementClient } from './management-client.js';
import type { Definition, Resource } from './resource.js';

/** Questions to RabbitMQ's management API: the only way to see how an exchange or queue was declared. */
export class ManagementApi extends ManagementClient {
  /** Returns a definition; undefined when the exchange or queue does not exist. @throws ManagementFailure when the API cannot be asked */
  async find({ kind, name }: Pick<Resource, 'kind' | 'name'>): Promise<Definition | undefined> {
    const answer = await this.get(`api/${kind}s/${this.vhost}/${encodeURIComponent(name)}`);
    if (typeof answer !== 'object' || answer === null) return undefined;
    const { durable, auto_delete, exclusive, type, arguments: args } = answer as Row;
    const { 'x-queue-type': queueType, ...others } = args ?? {};
    return {
      type: String(type ?? queueType ?? 'classic'),
      durable: durable === true,
      autoDelete: auto_delete === true,
      exclusive: exclusive === true,
      arguments: others,
    };
  }

  /**
   * Returns the arguments of a queue, the definition of the policies that apply to it, and its replicas. Undefined when the
   * queue does not exist.
   * @throws as {@link find}
   */
  async rulesOf(queue: string): Promise<QueueRules | undefined> {
    const answer = await this.get(`api/queues/${this.vhost}/${encodeURIComponent(queue)}`);
    if (typeof answer !== 'object' || answer === null) return undefined;
    const { arguments: args = {}, effective_policy_definition: policy, type, leader, members, online } = answer as Row;
    const isReplicated = type === 'quorum' && Array.isArray(members) && Array.isArray(online);
    const replicas = isReplicated ? { leader: leader ? String(leader) : undefined, members, online } : undefined;
    // Without a policy, it is an empty list in some releases.
    return { arguments: args, policy: isTable(policy) ? policy : {}, type: type && String(type), replicas };
  }

  /** Returns true when an exchange routes the key to the queue. @throws as {@link find} */
  async isBound(exchange: string, queue: string, key: string): Promise<boolean> {
    const [from, to] = [encodeURIComponent(exchange), encodeURIComponent(queue)];
    const answer = await this.get(`api/bindings/${this.vhost}/e/${from}/q/${to}`);
    return Array.isArray(answer) && answer.some((binding: { routing_key?: unknown }) => binding.routing_key === key);
  }

  /**
   * Returns the numbers of messages of a queue that are unacknowledged, and that were published to it in all. The broker
   * updates them every few seconds. Undefined when the queue does not exist.
   * @throws as {@link find}
   */
  async unacknowledged(queue: string): Promise<{ unacknowledged: number; published: number } | undefined> {
    const answer = await this.get(`api/queues/${this.vhost}/${encodeURIComponent(queue)}`);
    if (!answer) return undefined;
    // A new queue has no counts for some seconds.
    const { messages_unacknowledged: unacknowledged = 0, message_stats: stats } = answer as Row;
    return { unacknowledged, published: stats?.publish ?? 0 };
  }

  /** Returns the bindings of a queue to exchanges. @throws as {@link find} */
  async bindingsOf(queue: string): Promise<QueueBinding[]> {
    const rows = await this.rows<ListRow>(`api/queues/${this.vhost}/${encodeURIComponent(queue)}/bindings`);
    // Every queue is bound to the default exchange, whose name is empty.
    return rows
      .filter(({ source }) => source)
      .map(({ source, routing_key }) => ({ exchange: String(source), key: String(routing_key) }));
  }

  /** Returns the number of bindings to an exchange. @throws as {@link find} */
  async countBindings(exchange: string): Promise<number> {
    const rows = await this.rows<ListRow>(
      `api/exchanges/${this.vhost}/${encodeURIComponent(exchange)}/bindings/source`,
    );
    return rows.length;
  }

  /** Returns the bindings of queues to an exchange; none where it does not exist. @throws as {@link find} */
  async bindingsOn(exchange: string): Promise<(QueueBinding & { readonly queue: string })[]> {
    const columns = 'columns=destination,destination_type,routing_key';
    const path = `api/exchanges/${this.vhost}/${encodeURIComponent(exchange)}/bindings/source?${columns}`;
    const rows = await this.rows<ListRow>(path, MAX_LIST_LENGTH);
    return rows
      .filter(({ destination_type: type }) => type === 'queue')
      .map(({ destination, routing_key: key }) => ({ exchange, queue: String(destination), key: String(key) }));
  }

  /** Returns the bindings of all queues of the virtual host to exchanges with a name. @throws as {@link find} */
  async allBindings(): Promise<(QueueBinding & { readonly queue: string })[]> {
    const columns = 'columns=source,destination,destination_type,routing_key';
    const rows = await this.rows<ListRow>(`api/bindings/${this.vhost}?${columns}`, MAX_LIST_LENGTH);
    return rows
      .filter(({ source, destination_type: type }) => source && type === 'queue')
      .map(({ source, destination, routing_key: key }) => ({
        exchange: String(source),
        queue: String(destination),
        key: String(key),
      }));
  }

  /** Returns the number of consumers of each queue of the virtual host. @throws as {@link find} */
  async allConsumers(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.rows<ListRow>(`api/queues/${this.vhost}?columns=name,consumers`, MAX_LIST_LENGTH);
    return new Map(rows.map(({ name, consumers }) => [String(name), Number(consumers ?? 0)]));
  }

  /** Returns all queues of the virtual host, with their rules. @throws as {@link find} */
  async allQueues(): Promise<ListedQueue[]> {
    const columns = 'columns=name,consumers,messages,arguments,effective_policy_definition';
    const rows = await this.rows<ListRow>(`api/queues/${this.vhost}?${columns}`, MAX_LIST_LENGTH);
    return rows.map(({ name, consumers, messages, arguments: args, effective_policy_definition: policy }) => ({
      name: String(name),
      consumers: Number(consumers ?? 0),
      messages: Number(messages ?? 0),
      arguments: isTable(args) ? args : {},
      policy: isTable(policy) ? policy : {},
    }));
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rules of a queue: its own, and those of policies. */
export interface QueueRules {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly policy: Readonly<Record<string, unknown>>;
  /** Type, e.g. `quorum`; undefined in releases that do not report it. */
  readonly type?: string | undefined;
  /** Replicas of a quorum queue; undefined for other types, and where the API does not report them. */
  readonly replicas?: QueueReplicas | undefined;
}

/** Replicas of a quorum queue, as names of nodes. */
export interface QueueReplicas {
  /** Undefined while there is none. */
  readonly leader: string | undefined;
  readonly members: readonly string[];
  /** Members that are running. */
  readonly online: readonly string[];
}

/** Queue in a list of all. */
export interface ListedQueue extends Pick<QueueRules, 'arguments' | 'policy'> {
  readonly name: string;
  readonly consumers: number;
  readonly messages: number;
}

/** A binding of a queue. */
export interface QueueBinding {
  readonly exchange: string;
  readonly key: string;
}

interface ListRow {
  readonly source?: string;
  readonly routing_key?: string;
  readonly destination?: string;
  readonly destination_type?: string;
  readonly name?: string;
  readonly consumers?: number;
  readonly messages?: number;
  readonly arguments?: unknown;
  readonly effective_policy_definition?: unknown;
}

interface Row {
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly exclusive?: boolean;
  readonly type?: string;
  readonly arguments?: Record<string, unknown>;
  readonly effective_policy_definition?: unknown;
  readonly leader?: unknown;
  readonly members?: string[];
  readonly online?: string[];
  readonly messages_unacknowledged?: number;
  readonly message_stats?: { readonly publish?: number };
}
