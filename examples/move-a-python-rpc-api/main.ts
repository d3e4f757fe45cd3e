import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  OsloMessagingModule,
  OsloServer,
  RemoteException,
  RpcArg,
  RpcEndpoint,
  type RpcHandlers,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { pricingApi, type Quote } from './pricing-api.js';

@RemoteException({ module: 'rpcapi' }) // callers in Python catch rpcapi.UnknownItem
class UnknownItem extends Error {}

@RpcEndpoint(pricingApi)
class PricingEndpoint implements RpcHandlers<typeof pricingApi> {
  private prices = new Map<string, number>();

  constructor() {
    this.reload();
  }

  @RpcMethod({ expectedExceptions: [UnknownItem] })
  quote(
    @RpcArg('item') item: string,
    @RpcArg('quantity') quantity = 1,
    @RpcArg('coupon', { optional: true }) coupon?: string | null, // None arrives as null
  ): Quote {
    const price = this.prices.get(item);
    if (price === undefined) throw new UnknownItem(`No price for ${item}.`);
    const total = price * quantity;
    return { item, total: coupon == null ? total : Math.floor((total * 9) / 10), server: 'nest' };
  }

  reload(): void {
    this.prices = new Map(Object.entries(JSON.parse(readFileSync('prices.json', 'utf8'))));
  }
}

@Module({
  imports: [OsloMessagingModule.forRoot({ host: 'nest1', rpcDiscoveryEnabled: true })],
  controllers: [PricingEndpoint],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(AppModule, {
    inject: [OsloServer],
    useFactory: (server: OsloServer) => ({ strategy: server }),
  });
  app.enableShutdownHooks(); // SIGTERM and Ctrl+C: finish the requests that have begun
  await app.listen();
  console.log('consuming');
}

void bootstrap();
