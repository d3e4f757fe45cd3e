import { readFile } from 'node:fs/promises';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { sum } from '../statistics.js';

/** Linux counts the time of a process in hundredths of a second. */
const MICROS_A_TICK = 10_000;

/** Private nodes that are one broker. */
export class Broker {
  private constructor(
    readonly url: string,
    private readonly nodes: readonly [RabbitNode, ...RabbitNode[]],
    private readonly pids: readonly number[],
  ) {}

  static async of(nodes: readonly RabbitNode[], url: string): Promise<Broker> {
    const printed = await Promise.all(nodes.map((node) => node.rabbitmqctl('eval', 'list_to_integer(os:getpid()).')));
    return new Broker(url, nodes as [RabbitNode], printed.map(Number));
  }

  /** Returns the CPU time of all nodes in microseconds. */
  async cpuMicros(): Promise<number> {
    return sum(await Promise.all(this.pids.map(cpuMicrosOf)));
  }

  /** Returns the number of open channels of the first node. */
  async channels(): Promise<number> {
    const list = await this.nodes[0].rabbitmqctl('list_connections', 'channels', '--formatter', 'json');
    return sum((JSON.parse(list) as { channels: number }[]).map(({ channels }) => channels));
  }
}

/** Returns the CPU time of a process in microseconds. */
export async function cpuMicrosOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name of the program, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROS_A_TICK;
}
