import { RemoteError, type RequestContext, type RpcApiClient } from 'nestjs-oslo-messaging';
import type { Reservation, stockApi11 } from './stock-api.js';

/**
 * Client of the stock, as a service of release 1.1 has one while its servers are upgraded. Its `versionCap` says what all
 * servers understand: 'antelope' as long as a server of 1.0 is left. The contract chooses version and arguments by it.
 */
export class StockClient {
  /** Calls that an old server refused, and that were sent again as 1.0. */
  refused = 0;
  readonly #oldest: RpcApiClient<typeof stockApi11>;

  constructor(private readonly stock: RpcApiClient<typeof stockApi11>) {
    this.#oldest = stock.$prepare({ versionCap: 'antelope' });
  }

  async reserve(context: RequestContext, item: string, note: string): Promise<Reservation> {
    try {
      return await this.stock.reserve({ item, note }, { context });
    } catch (error) {
      // Nothing has run. An old server is left, or back: the cap was lifted too early, or an upgrade was undone.
      if (!(error instanceof RemoteError && error.excType === 'UnsupportedVersion')) throw error;
      this.refused += 1;
      return this.#oldest.reserve({ item, note }, { context });
    }
  }
}
