import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import { portOf } from './connect-options.js';

/**
 * Returns the URL with each host once: where one is named twice, there is no other host to go to.
 * @param onRepeated called with the address of each host that is named more than once
 */
export function withDistinctHosts(
  url: TransportURL,
  onRepeated: (address: string) => void = () => undefined,
): TransportURL {
  const hosts = new Map<string, TransportHost>();
  const repeated = new Set<string>();
  for (const host of url.hosts) {
    const address = `${host.hostname.toLowerCase()}:${portOf(url, host)}`;
    if (hosts.has(address)) repeated.add(address);
    else hosts.set(address, host);
  }
  for (const address of repeated) onRepeated(address);
  return { ...url, hosts: [...hosts.values()] };
}
