import { cpus } from 'node:os';
import { withChannel } from '../testkit/amqp.js';

/** Properties that the figures depend on. None of them names the machine. */
export interface Machine {
  cpu: string;
  cores: number;
  node: string;
  broker: string;
}

/** Date, machine and thoroughness of a measurement. */
export interface Stamp {
  date: string;
  mode: 'quick' | 'full';
  machine: Machine;
}

export async function describeMachine(url: string): Promise<Machine> {
  const processors = cpus();
  const { product, version } = await withChannel(url, async (channel) => channel.connection.serverProperties);
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    node: process.version,
    broker: `${product} ${version}`,
  };
}

/** Returns the kind of machines whose ratios compare. Revisions of Node.js and of the broker make no difference. */
export function kindOf({ cores, cpu, node, broker }: Machine): string {
  const [major] = node.replace(/^v/, '').split('.');
  return `${cores} × ${cpu}, Node.js ${major}, ${broker.replace(/(\d+\.\d+)\.\S*/, '$1')}`;
}
