import { call, cast, defineRpcApi } from 'nestjs-oslo-messaging';

export interface Quote {
  item: string;
  /** Price in cents. */
  total: number;
  /** Server that answered. */
  server: string;
}

/**
 * Client of the pricing service.
 *
 * 1.0 - Initial version.
 * 1.1 - Added the argument coupon to quote().
 */
export const pricingApi = defineRpcApi({
  topic: 'pricing',
  exchange: 'openstack',
  version: '1.1',
  methods: {
    /**
     * Returns the price of some pieces of an item.
     *
     * - `item`: name of the item
     * - `quantity`: number of pieces
     * - `coupon`: code that gives 10 percent off
     */
    quote: call<{ item: string; quantity?: number; coupon?: string | null }, Quote, '1.1' | '1.0'>({
      since: '1.1',
      fallback: {
        version: '1.0',
        args: ({ coupon: _coupon, ...args }) => args,
      },
    }),
    /** Has all servers read the prices again. */
    reload: cast<Record<string, never>>({ fanout: true }),
  },
});
