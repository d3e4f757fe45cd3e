import { Body, Controller, Get, Param, ParseIntPipe, Post } from '@nestjs/common';
import { IsInt, IsString, Length, Max, Min } from 'class-validator';
import { BackingOffClient, InjectRpcClient } from 'nestjs-oslo-messaging';
import { type Order, TOPIC } from './messaging.js';
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
  constructor(@InjectRpcClient(TOPIC) private readonly orders: BackingOffClient) {}

  @Post()
  place(@Body() { item, quantity }: PlaceOrder): Promise<Order> {
    return this.call('place', { item, quantity });
  }

  @Get(':id')
  show(@Param('id', ParseIntPipe) id: number): Promise<Order> {
    return this.call('get', { id });
  }

  @Get(':id/invoice')
  async invoice(@Param('id', ParseIntPipe) id: number): Promise<{ order: Order; text: string }> {
    // The second call gets the time that the first one has left.
    const order = await this.call<Order>('get', { id });
    return { order, text: await this.call('invoice', { id }) };
  }

  /** Calls the service with the request context and within the deadline of the HTTP request. */
  private call<T>(method: string, args: Record<string, unknown>): Promise<T> {
    return this.orders.prepare({ timeout: remainingSeconds() }).call<T>(undefined, method, args);
  }
}
