import type { Target } from '../core/target.js';
import { runApart } from '../messaging/current-request.js';
import type { Transport } from '../messaging/transport.js';
import { commonVersion, discoverServers } from '../rpc/discovery/discover-servers.js';
import type { ServedVersions } from './auto-cap.js';

/** Time for the answers of all servers. */
const TIMEOUT = '1s';

/** Asks the servers of a topic for the versions that they serve, in the namespace and the major version of a target. */
export async function discoverVersions(transport: Transport, target: Target): Promise<ServedVersions> {
  // The answer is for all requests, not for the one that is being handled.
  const { servers, others } = await runApart(() => discoverServers(transport, target, { timeout: TIMEOUT }));
  return { common: commonVersion(servers, target), answers: servers.length, others };
}
