import type { IncomingMessage } from 'node:http';
import { RefusedRequest } from './refusal.js';

/** @throws RefusedRequest for a host that is not among the allowed ones: another name that leads here, as DNS rebinding makes it */
export function assertHost({ headers }: IncomingMessage, allowed: readonly string[] | undefined): void {
  if (allowed === undefined) return;
  const host = hostOf(headers.host);
  if (host === undefined || !allowed.includes(host))
    throw new RefusedRequest('forbidden', 'This name of the host is not allowed here (allowedHosts)');
}

/** @throws RefusedRequest for a request that another site makes in the browser of a user */
export function assertSameOrigin({ headers }: IncomingMessage, isOwnServer: boolean): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new RefusedRequest('forbidden', 'Requests of other sites are not allowed here');
  const { origin } = headers;
  // A proxy may have changed the host of an application, and the token protects it.
  if (!isOwnServer || origin === undefined) return;
  if (!URL.canParse(origin) || new URL(origin).host !== headers.host)
    throw new RefusedRequest('forbidden', 'Requests of other origins are not allowed here');
}

/** Returns the name of a host without its port, in lower case. */
function hostOf(header: string | undefined): string | undefined {
  const url = `http://${header ?? ''}`;
  return header && URL.canParse(url) ? new URL(url).hostname : undefined;
}
