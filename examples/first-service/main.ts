import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  BackingOffClient,
  InjectRpcClient,
  OsloMessagingModule,
  OsloServer,
  RequestContext,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';

@RpcEndpoint({ version: '1.0' })
class CalculatorEndpoint {
  @RpcMethod() // only decorated methods can be called
  add(@RpcArg('a') a: number, @RpcArg('b') b: number, @RpcContext() context: RequestContext): number {
    console.log(`${context.userId} adds ${a} and ${b}`);
    return a + b;
  }
}

@Injectable()
class Calculator {
  constructor(@InjectRpcClient('calculator') private readonly rpc: BackingOffClient) {}

  add(a: number, b: number): Promise<number> {
    return this.rpc.call<number>(new RequestContext({ userId: 'alice' }), 'add', { a, b });
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({ topic: 'calculator', host: 'calc1' }),
    OsloMessagingModule.forFeature([{ target: { topic: 'calculator', version: '1.0' } }]),
  ],
  controllers: [CalculatorEndpoint],
  providers: [Calculator],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(AppModule, {
    inject: [OsloServer],
    useFactory: (server: OsloServer) => ({ strategy: server }),
  });
  app.enableShutdownHooks(); // SIGTERM and Ctrl+C: finish running handlers, then disconnect
  await app.listen(); // resolves when the queues exist and are being consumed
  console.log(await app.get(Calculator).add(2, 3));
}

void bootstrap();
