import { setTimeout as delay } from 'node:timers/promises';
import { DefaultValuePipe } from '@nestjs/common';
import { RpcArg, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import type { Reservation } from './stock-api.js';

const WORK_MS = 50;
const server = process.env.SERVER_NAME ?? 'stock-1';

/** Release 1.0: reserves one piece. */
@RpcEndpoint({ version: '1.0' })
export class Stock10 {
  @RpcMethod()
  async reserve(@RpcArg('item') item: string): Promise<Reservation> {
    await delay(WORK_MS);
    return { item, server, release: '1.0' };
  }
}

/** Release 1.1: reserves several pieces. It answers clients of 1.0, too, because the minor version alone is new. */
@RpcEndpoint({ version: '1.1' })
export class Stock11 {
  @RpcMethod()
  async reserve(
    @RpcArg('item') item: string,
    @RpcArg('quantity', new DefaultValuePipe(1)) quantity: number, // clients of 1.0 do not send it
  ): Promise<Reservation> {
    await delay(WORK_MS);
    return { item, server, release: '1.1', quantity }; // clients of 1.0 ignore the new key
  }
}
