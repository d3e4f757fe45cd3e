import { readFile } from 'node:fs/promises';
import { withChannel } from '../../testkit/amqp.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';

/** Linux counts the time of a process in hundredths of a second. */
const MICROS_A_TICK = 10_000;

/** Starts a private node, unless `TEST_RABBIT_URL` names a running broker. */
export async function openBroker(): Promise<Broker> {
  const given = process.env.TEST_RABBIT_URL;
  if (given) return Broker.at(given, []);
  const node = await RabbitNode.start();
  return Broker.at(node.url, [node]);
}

export class Broker {
  private constructor(
    readonly url: string,
    private readonly nodes: readonly RabbitNode[],
    private readonly pids: readonly number[],
  ) {}

  /** @param nodes private nodes of the broker; none for a broker that others run */
  static async at(url: string, nodes: readonly RabbitNode[]): Promise<Broker> {
    const printed = await Promise.all(nodes.map((node) => node.rabbitmqctl('eval', 'list_to_integer(os:getpid()).')));
    return new Broker(url, nodes, printed.map(Number));
  }

  /** CPU time of all private nodes in microseconds; NaN without any. */
  async cpuMicros(): Promise<number> {
    const times = await Promise.all(this.pids.map(cpuMicrosOf));
    return times.length === 0 ? Number.NaN : times.reduce((sum, time) => sum + time, 0);
  }

  /** Number of open channels; undefined without a private node. */
  async channels(): Promise<number | undefined> {
    const [node] = this.nodes;
    if (!node) return undefined;
    const lines = (await node.rabbitmqctl('list_connections', 'channels', '--no-table-headers')).trim().split('\n');
    return lines.filter((line) => /^\d+$/.test(line)).reduce((sum, line) => sum + Number(line), 0);
  }

  /** Deletes queues that outlived their servers. A missing queue is no error. */
  async deleteQueues(names: readonly string[]): Promise<void> {
    await withChannel(this.#firstUrl, async (channel) => {
      for (const name of names) await channel.deleteQueue(name);
    });
  }

  async deleteExchange(name: string): Promise<void> {
    await withChannel(this.#firstUrl, (channel) => channel.deleteExchange(name));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** URL of one node; `url` names all nodes of a cluster. */
  get #firstUrl(): string {
    return this.nodes[0]?.url ?? this.url;
  }
}

async function cpuMicrosOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the name of the program, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROS_A_TICK;
}
