/** Whatever runs `rabbitmqctl`: a RabbitNode or a RabbitControl. */
export interface Controllable {
  rabbitmqctl(...args: string[]): Promise<string>;
}

export interface QueueRow {
  name: string;
  durable: boolean;
  auto_delete: boolean;
  exclusive: boolean;
  arguments: Record<string, unknown>;
  messages: number;
  messages_ready: number;
  messages_unacknowledged: number;
  consumers: number;
}

export interface ExchangeRow {
  name: string;
  type: string;
  durable: boolean;
  auto_delete: boolean;
  arguments: Record<string, unknown>;
}

export interface BindingRow {
  source_name: string;
  destination_name: string;
  destination_kind: string;
  routing_key: string;
}

export interface ConsumerRow {
  queue_name: string;
  consumer_tag: string;
  ack_required: boolean;
  prefetch_count: number;
  active: boolean;
}

export interface ConnectionRow {
  pid: string;
  peer_port: number;
  state: string;
  channels: number;
  protocol: number[];
  auth_mechanism: string;
  timeout: number;
  client_properties: Record<string, unknown>;
}

export interface ChannelRow {
  pid: string;
  connection: string;
  number: number;
  confirm: boolean;
  consumer_count: number;
  prefetch_count: number;
  messages_unacknowledged: number;
  messages_unconfirmed: number;
}

const columns = {
  queues: [
    'name',
    'durable',
    'auto_delete',
    'exclusive',
    'arguments',
    'messages',
    'messages_ready',
    'messages_unacknowledged',
    'consumers',
  ],
  exchanges: ['name', 'type', 'durable', 'auto_delete', 'arguments'],
  bindings: ['source_name', 'destination_name', 'destination_kind', 'routing_key'],
  // list_consumers knows no column choice that includes them all under 3.10: its default set is the full one.
  consumers: [],
  connections: ['pid', 'peer_port', 'state', 'channels', 'protocol', 'auth_mechanism', 'timeout', 'client_properties'],
  channels: [
    'pid',
    'connection',
    'number',
    'confirm',
    'consumer_count',
    'prefetch_count',
    'messages_unacknowledged',
    'messages_unconfirmed',
  ],
} as const;

const MOST_TRIES = 5;

/** The broker's own view of what was declared, by `rabbitmqctl list_…` (slow: see amqp.ts for quick checks). */
export class BrokerInspector {
  constructor(private readonly node: Controllable) {}

  queues(): Promise<QueueRow[]> {
    return this.#list('queues');
  }

  exchanges(): Promise<ExchangeRow[]> {
    return this.#list('exchanges');
  }

  bindings(): Promise<BindingRow[]> {
    return this.#list('bindings');
  }

  consumers(): Promise<ConsumerRow[]> {
    return this.#list('consumers');
  }

  connections(): Promise<ConnectionRow[]> {
    return this.#list('connections');
  }

  channels(): Promise<ChannelRow[]> {
    return this.#list('channels');
  }

  async queue(name: string): Promise<QueueRow | undefined> {
    return (await this.queues()).find((row) => row.name === name);
  }

  async exchange(name: string): Promise<ExchangeRow | undefined> {
    return (await this.exchanges()).find((row) => row.name === name);
  }

  async #list<Row>(what: keyof typeof columns): Promise<Row[]> {
    const text = await this.#ask(`list_${what}`, ...columns[what], '--formatter', 'json');
    return (JSON.parse(text) as Record<string, unknown>[]).map(tidy) as Row[];
  }

  /** It asks one queue after the other, and fails as a whole when another test's goes meanwhile. */
  async #ask(...args: string[]): Promise<string> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.node.rabbitmqctl(...args);
      } catch (error) {
        if (tries === MOST_TRIES || !/noproc/.test(String(error))) throw error;
      }
    }
  }
}

/** An empty AMQP table comes as `[]`, a full one as an object or as `[[key, type, value], …]`: always give an object. */
function tidy(row: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...row };
  for (const key of ['arguments', 'client_properties']) {
    const table = copy[key];
    if (!Array.isArray(table)) continue;
    copy[key] = Object.fromEntries(table.map((entry: unknown[]) => [entry[0], entry.at(-1)]));
  }
  return copy;
}
