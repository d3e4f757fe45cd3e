/** Runner of `rabbitmqctl`: a RabbitNode or a RabbitControl. */
export interface Controllable {
  rabbitmqctl(command: string, ...args: string[]): Promise<string>;
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
  arguments: Record<string, unknown>;
}

export interface ConnectionRow {
  pid: string;
  peer_port: number;
  state: string;
  channels: number;
  protocol: number[];
  auth_mechanism: string;
  user: string;
  ssl_protocol: string;
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

const QUEUE_ITEMS = [
  'name',
  'durable',
  'auto_delete',
  'exclusive',
  'arguments',
  'messages',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
];
const EXCHANGE_ITEMS = ['name', 'type', 'durable', 'auto_delete', 'arguments'];
const CONNECTION_ITEMS = [
  'pid',
  'peer_port',
  'state',
  'channels',
  'protocol',
  'auth_mechanism',
  'user',
  'ssl_protocol',
  'timeout',
  'client_properties',
];
const CHANNEL_ITEMS = [
  'pid',
  'connection',
  'number',
  'confirm',
  'consumer_count',
  'prefetch_count',
  'messages_unacknowledged',
  'messages_unconfirmed',
];

/** Functions of the broker that list what there is. */
const lists = {
  queues: `rabbit_amqqueue:info_all(<<"/">>, [${QUEUE_ITEMS}])`,
  exchanges: `rabbit_exchange:info_all(<<"/">>, [${EXCHANGE_ITEMS}])`,
  bindings: 'rabbit_binding:info_all(<<"/">>)',
  consumers: 'rabbit_amqqueue:consumers_all(<<"/">>)',
  connections: `rabbit_networking:connection_info_all([${CONNECTION_ITEMS}])`,
  channels: `rabbit_channel:info_all([${CHANNEL_ITEMS}])`,
} as const;

/** Rows as JSON, whose text survives being printed as an Erlang term. */
const asJson = (list: string) => `
  Plain = fun({resource, _, _, Name}) -> Name;
             (Pid) when is_pid(Pid) -> list_to_binary(rabbit_misc:pid_to_string(Pid));
             (Tuple) when is_tuple(Tuple) -> tuple_to_list(Tuple);
             ([{_, _, _} | _] = Table) -> rabbit_misc:amqp_table(Table);
             (Value) -> Value
          end,
  Rows = [maps:from_list([{Key, Plain(Value)} || {Key, Value} <- Row]) || Row <- ${list}],
  base64:encode(rabbit_json:encode(Rows)).`;

const MAX_TRIES = 5;

/** The broker's own view of what was declared in its default virtual host, and of who is connected. */
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

  /** The open ones. The broker keeps one that has ended for up to 30 s, where TLS does not tell it the end of the socket. */
  async connections(): Promise<ConnectionRow[]> {
    const rows = await this.#list<ConnectionRow>('connections');
    return rows.filter(({ state }) => state !== 'closed');
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

  async #list<Row>(what: keyof typeof lists): Promise<Row[]> {
    const answer = await this.#ask(asJson(lists[what]));
    // A long one is printed in pieces.
    const encoded = [...answer.matchAll(/"([^"]*)"/g)].map(([, piece]) => piece).join('');
    return (JSON.parse(Buffer.from(encoded, 'base64').toString()) as Record<string, unknown>[]).map(tidy) as Row[];
  }

  /** The broker asks one process after the other, and may fail as a whole when another test's goes meanwhile. */
  async #ask(expression: string): Promise<string> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.node.rabbitmqctl('eval', expression);
      } catch (error) {
        if (tries === MAX_TRIES || !/noproc/.test(String(error))) throw error;
      }
    }
  }
}

/** An empty AMQP table comes as `[]`: always give an object. */
function tidy(row: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...row };
  for (const key of ['arguments', 'client_properties']) {
    if (Array.isArray(copy[key])) copy[key] = {};
  }
  return copy;
}
