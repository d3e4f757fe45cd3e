import { getRpcTransport, type OsloMessagingOptions, type Transport } from '../internal.js';
import type { OpenConnections } from './open-connections.js';

/**
 * Connects a transport, which is closed after the output of the command.
 * @throws MessageDeliveryFailure when the broker cannot be reached: that is told apart from silent servers
 */
export async function openTransport(connections: OpenConnections, options: OsloMessagingOptions): Promise<Transport> {
  const transport = getRpcTransport(options);
  connections.add(() => transport.cleanup());
  await transport.connect({ retry: 0 });
  return transport;
}
