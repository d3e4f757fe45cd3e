import { MAX_LIST_LENGTH, ManagementClient } from './management-client.js';

/** Number of queues in one answer: the maximum of the API. */
const PAGE_SIZE = 500;

const COLUMNS = [
  'name',
  'type',
  'durable',
  'state',
  'consumers',
  'messages_ready',
  'messages_unacknowledged',
  'message_stats',
  'policy',
  'operator_policy',
  'effective_policy_definition',
  'arguments',
].join(',');

/** State of a queue, as the broker reports it every few seconds. */
export interface QueueStatus {
  readonly name: string;
  /** `running`, or `down` where its node is, and others. */
  readonly state: string;
  readonly consumers: number;
  readonly ready: number;
  readonly unacknowledged: number;
  /** Messages published, and acknowledged or delivered without acknowledgement, in all. */
  readonly published: number;
  readonly completed: number;
  /** The same for each second of the last seconds. Undefined where the broker collects no rates. */
  readonly publishRate: number | undefined;
  readonly completeRate: number | undefined;
  /** Names of the policies that apply to it. */
  readonly policies: readonly string[];
  /** Rules of its policies. */
  readonly policy: Readonly<Record<string, unknown>>;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** State of a node of the broker. */
export interface NodeStatus {
  readonly name: string;
  readonly isRunning: boolean;
  readonly memoryAlarm: boolean;
  readonly diskAlarm: boolean;
  readonly memoryUsed: number;
  readonly memoryLimit: number;
  readonly diskFree: number;
  readonly diskLimit: number;
  /** Nodes that it does not reach. */
  readonly partitions: readonly string[];
}

/** Messages that came to an exchange, and that it routed to queues. */
export interface ExchangeStatus {
  readonly name: string;
  readonly type: string;
  readonly received: number;
  readonly routed: number;
}

/** State of a broker, from its management API. */
export class ManagementStatus extends ManagementClient {
  /** Returns the queues of the virtual host, at most that many. @throws Error when the API cannot be asked */
  async queues(max: number): Promise<QueueStatus[]> {
    const all: QueueStatus[] = [];
    for (let page = 1; all.length < max; page++) {
      const { rows, pages } = await this.page('', page);
      all.push(...rows);
      if (page >= pages) break;
    }
    return all;
  }

  /** Returns the queues of a topic: its own, those of its servers and of fanouts. At most 500. @throws as {@link queues} */
  async queuesOf(topic: string): Promise<QueueStatus[]> {
    const name = encodeURIComponent(`^${topic.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}($|\\.|_fanout)`);
    const { rows } = await this.page(`&use_regex=true&name=${name}`, 1);
    return rows;
  }

  /** Returns the nodes of the cluster. @throws as {@link queues} */
  async nodes(): Promise<NodeStatus[]> {
    const rows = await this.rows<NodeRow>('api/nodes');
    return rows.map((row) => ({
      name: String(row.name),
      isRunning: row.running !== false,
      memoryAlarm: row.mem_alarm === true,
      diskAlarm: row.disk_free_alarm === true,
      memoryUsed: Number(row.mem_used ?? 0),
      memoryLimit: Number(row.mem_limit ?? 0),
      diskFree: Number(row.disk_free ?? 0),
      diskLimit: Number(row.disk_free_limit ?? 0),
      partitions: Array.isArray(row.partitions) ? row.partitions.map(String) : [],
    }));
  }

  /** Returns the exchanges of the virtual host. @throws as {@link queues} */
  async exchanges(): Promise<ExchangeStatus[]> {
    const path = `api/exchanges/${this.vhost}?columns=name,type,message_stats`;
    const rows = await this.rows<ExchangeRow>(path, MAX_LIST_LENGTH);
    return rows.map(({ name, type, message_stats: stats }) => ({
      name: String(name),
      type: String(type),
      received: stats?.publish_in ?? 0,
      routed: stats?.publish_out ?? 0,
    }));
  }

  /** Returns the clock of the broker less the clock here, in milliseconds; undefined where it is not reported. @throws as {@link queues} */
  async clockOffset(): Promise<number | undefined> {
    return (await this.ask('api/whoami')).clockOffset;
  }

  private async page(filter: string, page: number): Promise<{ rows: QueueStatus[]; pages: number }> {
    const path = `api/queues/${this.vhost}?page=${page}&page_size=${PAGE_SIZE}&columns=${COLUMNS}${filter}`;
    const answer = (await this.get(path, MAX_LIST_LENGTH)) as PageRow | undefined;
    const items = Array.isArray(answer?.items) ? answer.items : [];
    return { rows: items.map(statusOf), pages: Number(answer?.page_count ?? 1) };
  }
}

function statusOf(row: QueueRow): QueueStatus {
  const { message_stats: stats } = row;
  const completions = [stats?.ack_details, stats?.deliver_no_ack_details, stats?.get_no_ack_details];
  return {
    name: String(row.name),
    state: String(row.state ?? 'running'),
    consumers: Number(row.consumers ?? 0),
    ready: Number(row.messages_ready ?? 0),
    unacknowledged: Number(row.messages_unacknowledged ?? 0),
    published: stats?.publish ?? 0,
    completed: (stats?.ack ?? 0) + (stats?.deliver_no_ack ?? 0) + (stats?.get_no_ack ?? 0),
    publishRate: stats?.publish_details?.rate,
    completeRate: stats && completions.reduce((sum, details) => sum + (details?.rate ?? 0), 0),
    policies: [row.policy, row.operator_policy].filter((name) => typeof name === 'string'),
    policy: tableOf(row.effective_policy_definition),
    arguments: tableOf(row.arguments),
  };
}

/** Returns a table. An empty one is an empty list in some releases. */
function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

interface Rate {
  readonly rate?: number;
}

interface QueueRow {
  readonly name?: string;
  readonly state?: string;
  readonly consumers?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly message_stats?: {
    readonly publish?: number;
    readonly publish_details?: Rate;
    readonly ack?: number;
    readonly ack_details?: Rate;
    readonly deliver_no_ack?: number;
    readonly deliver_no_ack_details?: Rate;
    readonly get_no_ack?: number;
    readonly get_no_ack_details?: Rate;
  };
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: unknown;
  readonly arguments?: unknown;
}

interface PageRow {
  readonly items?: QueueRow[];
  readonly page_count?: number;
}

interface NodeRow {
  readonly name?: string;
  readonly running?: boolean;
  readonly mem_alarm?: boolean;
  readonly disk_free_alarm?: boolean;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly disk_free?: number;
  readonly disk_free_limit?: number;
  readonly partitions?: unknown;
}

interface ExchangeRow {
  readonly name?: string;
  readonly type?: string;
  readonly message_stats?: { readonly publish_in?: number; readonly publish_out?: number };
}
