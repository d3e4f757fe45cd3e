import { cpus } from 'node:os';
import { withChannel } from '../test/support/amqp.js';

/** What the figures depend on, and nothing that tells whose machine it was. */
export interface Machine {
  cpu: string;
  cores: number;
  node: string;
  broker: string;
}

export async function describeMachine(url: string): Promise<Machine> {
  const [first, ...others] = cpus();
  const { product, version } = await withChannel(url, async (channel) => channel.connection.serverProperties);
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: others.length + 1,
    node: process.version,
    broker: `${product} ${version}`,
  };
}
