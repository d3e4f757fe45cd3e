import { Body, Controller, Get, Param, ParseIntPipe, Post } from '@nestjs/common';
import { IsInt, IsString, Length, Max, Min } from 'class-validator';
import { InjectRpcApi, type RpcApiClient } from 'nestjs-oslo-messaging';
import { type Order, orderApi } from './order-api.js';
import { remainingSeconds } from './request-scope.js';

class PlaceOrder {
  @IsString()
  @Length(1, 80)
  item!: string;

  @IsInt()
  @Min(1)
  @Max(100)
  quantity!: number;
}

@Controller('orders')
export class OrderController {
  constructor(@InjectRpcApi(orderApi) private readonly orders: RpcApiClient<typeof orderApi>) {}

  @Post()
  place(@Body() { item, quantity }: PlaceOrder): Promise<Order> {
    return this.orders.place({ item, quantity }, withinRequest());
  }

  @Get(':id')
  show(@Param('id', ParseIntPipe) id: number): Promise<Order> {
    return this.orders.get({ id }, withinRequest());
  }

  @Get(':id/invoice')
  async invoice(@Param('id', ParseIntPipe) id: number): Promise<{ order: Order; text: string }> {
    // The second call gets the time that the first one has left.
    const order = await this.orders.get({ id }, withinRequest());
    return { order, text: await this.orders.invoice({ id }, withinRequest()) };
  }
}

/** Has a call end within the deadline of the HTTP request. The request context is inherited. */
const withinRequest = () => ({ timeout: remainingSeconds() });
