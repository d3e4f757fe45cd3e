import { RemoteError, type RequestContext, type RPCClient } from 'nestjs-oslo-messaging';
import type { Reservation } from './stock-api.js';

/**
 * Client of the stock, as a service has one while its servers are upgraded. Its `versionCap` says what all servers
 * understand: '1.0' as long as an old server is left.
 */
export class StockClient {
  /** Calls that an old server refused, and that were sent again as 1.0. */
  refused = 0;

  constructor(private readonly rpc: RPCClient) {}

  /** Reserves some pieces of an item. Returns one reservation from servers of 1.1, one for each piece from those of 1.0. */
  async reserve(context: RequestContext, item: string, quantity: number): Promise<Reservation[]> {
    if (this.rpc.canSendVersion('1.1')) {
      const latest = this.rpc.prepare({ version: '1.1' });
      try {
        return [await latest.call<Reservation>(context, 'reserve', { item, quantity })];
      } catch (error) {
        // Nothing has run. An old server is left, or back: the cap was lifted too early, or an upgrade was undone.
        if (!(error instanceof RemoteError && error.excType === 'UnsupportedVersion')) throw error;
        this.refused += 1;
      }
    }
    const oldest = this.rpc.prepare({ version: '1.0' });
    const pieces = Array.from({ length: quantity }, () => oldest.call<Reservation>(context, 'reserve', { item }));
    return Promise.all(pieces);
  }
}
