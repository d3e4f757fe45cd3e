import type { IncomingMessage } from 'node:http';
import { hostNameIn, isLoopbackAddress, isLoopbackName } from './host-names.js';
import { RefusedRequest } from './refusal.js';

/** Name that allows all. */
export const ANY_HOST = '*';

/**
 * @param allowed names by which the page can be reached; undefined for any, but on a loopback address only those of the machine itself
 * @throws RefusedRequest for another name that leads here, as DNS rebinding makes it
 */
export function assertHost({ headers, socket }: IncomingMessage, allowed: readonly string[] | undefined): void {
  if (allowed?.includes(ANY_HOST) || (allowed === undefined && !isLoopbackAddress(socket.localAddress))) return;
  const host = hostNameIn(headers.host ?? headers[':authority']?.toString());
  if (host === undefined || !(allowed === undefined ? isLoopbackName(host) : allowed.includes(host)))
    throw new RefusedRequest(
      'forbidden',
      'This name of the host is not allowed here. Add it to the option allowedHosts',
    );
}

/** @throws RefusedRequest for a request that another site makes in the browser of a user */
export function assertSameOrigin(request: IncomingMessage, isOwnServer: boolean): void {
  const { headers, method } = request;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new RefusedRequest('forbidden', 'Requests of other sites are not allowed here');
  const { origin } = headers;
  // A proxy may have changed the host of an application. The token protects a POST, and the page reads without an origin.
  if (origin === undefined || (method === 'POST' && !isOwnServer)) return;
  if (!URL.canParse(origin) || new URL(origin).host !== (headers.host ?? headers[':authority']))
    throw new RefusedRequest('forbidden', 'Requests of other origins are not allowed here');
}
