import type { Channel } from 'amqplib';
import { withChannel } from '../test/support/amqp.js';
import { RabbitNode } from '../test/support/rabbit-node.js';
import { cpuMicrosOf, listenerOn } from './process-clock.js';

const LOCAL = ['127.0.0.1', 'localhost', '::1', '[::1]'];

/** A private node, which goes with all that is in it, unless TEST_RABBIT_URL names a broker that runs already. */
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
    private readonly processes: readonly number[],
  ) {}

  /** @param nodes those that are ours to stop, the one of `url` among them */
  static async at(url: string, nodes: readonly RabbitNode[]): Promise<Broker> {
    const ports = nodes.length > 0 ? nodes.map((node) => node.port) : localPorts(url);
    const pids = await Promise.all(ports.map(listenerOn));
    return new Broker(
      url,
      nodes,
      pids.filter((pid) => pid !== undefined),
    );
  }

  /** CPU time of all its nodes in microseconds; NaN when they run on another machine, or may not be looked into. */
  async cpuMicros(): Promise<number> {
    const times = await Promise.all(this.processes.map(cpuMicrosOf));
    return times.length === 0 ? Number.NaN : times.reduce<number>((sum, time) => sum + (time ?? Number.NaN), 0);
  }

  /** Connections and channels that are open; undefined for a broker that is not ours to ask. */
  async census(): Promise<{ connections: number; channels: number } | undefined> {
    const [node] = this.nodes;
    if (!node) return undefined;
    const lines = (await node.rabbitmqctl('list_connections', 'channels', '--no-table-headers')).trim().split('\n');
    const channels = lines.filter((line) => /^\d+$/.test(line)).map(Number);
    return { connections: channels.length, channels: channels.reduce((sum, count) => sum + count, 0) };
  }

  /** Server queues outlive their servers. Deleting one that does not exist is no error. */
  async deleteQueues(names: readonly string[]): Promise<void> {
    await this.#onChannel(async (channel) => {
      for (const name of names) await channel.deleteQueue(name);
    });
  }

  async deleteExchange(name: string): Promise<void> {
    await this.#onChannel((channel) => channel.deleteExchange(name));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #onChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    return withChannel(this.nodes[0]?.url ?? this.url, work);
  }
}

function localPorts(url: string): number[] {
  const { hostname, port } = new URL(url.replace(/^rabbit:/, 'http:'));
  return LOCAL.includes(hostname) ? [Number(port || 5672)] : [];
}
