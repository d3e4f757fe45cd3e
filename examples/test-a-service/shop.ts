import { Module } from '@nestjs/common';
import {
  BackingOffClient,
  InjectNotifier,
  InjectRpcClient,
  Notifier,
  OsloMessagingModule,
  RequestContext,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';

@RpcEndpoint({ version: '1.0' })
export class Shop {
  constructor(
    @InjectRpcClient('stock') private readonly stock: BackingOffClient,
    @InjectNotifier('shop') private readonly notifier: Notifier,
  ) {}

  @RpcMethod()
  async order(@RpcContext() context: RequestContext, @RpcArg('item') item: string): Promise<string> {
    const left = await this.stock.call<number>(context, 'take', { item });
    await this.notifier.info(context, 'order.created', { item, left });
    return `${item} for ${context.userId}, ${left} left`;
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({ topic: 'shop' }),
    OsloMessagingModule.forFeature([{ target: { topic: 'stock', version: '1.0' } }]),
  ],
  controllers: [Shop],
})
export class ShopModule {}
