import { setTimeout as delay } from 'node:timers/promises';
import { RpcArg, RpcEndpoint, type RpcHandlers } from 'nestjs-oslo-messaging';
import { type Reservation, stockApi10, stockApi11 } from './stock-api.js';

const WORK_MS = 50;
const server = process.env.SERVER_NAME ?? 'stock-1';

/** Release 1.0. */
@RpcEndpoint(stockApi10)
export class Stock10 implements RpcHandlers<typeof stockApi10> {
  async reserve(@RpcArg('item') item: string): Promise<Reservation> {
    await delay(WORK_MS);
    return { item, server, release: '1.0' };
  }
}

/** Release 1.1 takes a note. It answers clients of 1.0, too, because the minor version alone is new. */
@RpcEndpoint(stockApi11)
export class Stock11 implements RpcHandlers<typeof stockApi11> {
  async reserve(
    @RpcArg('item') item: string,
    @RpcArg('note', { optional: true }) note?: string, // clients of 1.0 do not send it
  ): Promise<Reservation> {
    await delay(WORK_MS);
    return { item, server, release: '1.1', note: note ?? null }; // clients of 1.0 ignore the new key
  }
}
