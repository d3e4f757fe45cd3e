import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  OsloServer,
  RequestContext,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { messaging } from './messaging.js';
import { type Order, orderApi } from './order-api.js';

/** The gateway knows this error by its name. */
class OrderNotFound extends Error {}

@RpcEndpoint(orderApi)
class Orders implements RpcHandlers<typeof orderApi> {
  /** The database. */
  private readonly orders: Order[] = [];

  place(
    @RpcArg('item') item: string,
    @RpcArg('quantity') quantity: number,
    @RpcContext() context: RequestContext,
  ): Order {
    const order = { id: this.orders.length + 1, item, quantity };
    this.orders.push(order);
    console.log(`${context.requestId} placed order ${order.id}`);
    return order;
  }

  @RpcMethod({ expectedExceptions: [OrderNotFound] })
  get(@RpcArg('id') id: number): Order {
    const order = this.orders[id - 1];
    if (!order) throw new OrderNotFound(`Order ${id} could not be found.`);
    return order;
  }

  @RpcMethod({ expectedExceptions: [OrderNotFound] })
  async invoice(@RpcArg('id') id: number): Promise<string> {
    const { item, quantity } = this.get(id);
    await delay(500); // the work
    return `Invoice ${id}: ${quantity} × ${item}`;
  }
}

@Module({ controllers: [Orders] })
class ServiceModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, {
  strategy: new OsloServer({ ...messaging, host: 'orders1' }),
  logger: ['warn', 'error', 'fatal'],
});
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen();
console.log('consuming');
