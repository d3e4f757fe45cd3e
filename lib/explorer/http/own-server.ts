import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { Explorer } from '../explorer.js';
import { ExplorerHandler } from './handler.js';
import { LOOPBACK_NAMES } from './host-names.js';

/** Server of a page alone. */
export interface OwnServer {
  /** Address of the page. */
  readonly url: string;
  /** Ends the pages' events, the connections and the explorer. */
  close(): Promise<void>;
}

/** Serves an explorer at the root of an HTTP server of its own. @throws Error where the address cannot be listened on */
export async function serve(explorer: Explorer, host: string, port: number): Promise<OwnServer> {
  const handler = new ExplorerHandler(explorer, { allowedHosts: namesOf(host), isOwnServer: true });
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    void handler.handle(request, response, decoded(path.slice(1)));
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await explorer.close();
    throw error;
  }
  const { port: taken } = server.address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${taken}/`, close: () => end(server, explorer) };
}

async function end(server: Server, explorer: Explorer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await explorer.close();
  server.closeAllConnections();
  await closed;
}

/** Returns the names by which a page can be reached: others that lead here are DNS rebinding. */
function namesOf(host: string): string[] {
  const isAll = host === '0.0.0.0' || host === '::';
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const own = addresses.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
  const given = host.includes(':') ? `[${host}]` : host.toLowerCase();
  return isAll ? [...LOOPBACK_NAMES, hostname().toLowerCase(), ...own] : [...new Set([...LOOPBACK_NAMES, given])];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
