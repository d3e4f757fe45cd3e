import { cpus } from 'node:os';
import { withChannel } from '../testkit/amqp.js';

/** Date, thoroughness and machine of a measurement. */
export interface Stamp {
  date: string;
  mode: 'quick' | 'full';
  machine: Machine;
}

/** Properties that the figures depend on. None of them names the machine. */
export type Machine = Awaited<ReturnType<typeof describeMachine>>;

/** @param url of the broker */
export async function describeMachine(url: string) {
  const processors = cpus();
  const { product, version } = await withChannel(url, async (channel) => channel.connection.serverProperties);
  const cpu = processors[0]?.model.trim() ?? 'unknown';
  return { cpu, cores: processors.length, node: process.version, broker: `${product} ${version}` };
}

/** Returns the kind of machines whose ratios compare. Revisions of Node.js and of the broker make no difference. */
export function kindOf({ cores, cpu, node, broker }: Machine): string {
  const [major] = node.replace(/^v/, '').split('.');
  return `${cores} × ${cpu}, Node.js ${major}, ${broker.replace(/(\d+\.\d+)\.\S*/, '$1')}`;
}
