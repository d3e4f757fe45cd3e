import { RemoteError } from '../../internal.js';

/** Advice for a server that answers a ping with an error. */
export const PINGS_ARE_OFF =
  'The server is running, but pings are off: set rpcPingEnabled (in Python rpc_ping_enabled)';

/** Returns true for the answer of a server whose pings are off. */
export function arePingsOff(error: unknown): boolean {
  return error instanceof RemoteError && error.excType === 'NoSuchMethod';
}
