import { RabbitControl } from '../../testkit/rabbit-control.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { managementUrl, rabbitControl, rabbitUrl } from './environment.js';

/**
 * Broker with the management plugin. Tests of all files share it: each works in a virtual host, or with topics, of its own, and
 * none changes the node, sets an alarm or cuts the connections of others.
 */
export interface ManagedBroker {
  readonly url: string;
  readonly managementUrl: string;
  readonly control: RabbitControl;
  /** Stops a node that was started for the caller. */
  stop(): Promise<void>;
}

/** Returns the broker of the test run, or a node of its own beside a broker that was given from outside. */
export async function managedBroker(): Promise<ManagedBroker> {
  if (managementUrl !== '' && rabbitControl)
    return { url: rabbitUrl, managementUrl, control: rabbitControl, stop: async () => undefined };
  const node = await RabbitNode.start({ plugins: ['rabbitmq_management'] });
  return { url: node.url, managementUrl: node.managementUrl ?? '', control: node.control, stop: () => node.stop() };
}
