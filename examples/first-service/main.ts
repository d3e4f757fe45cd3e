import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  call,
  defineRpcApi,
  InjectRpcApi,
  OsloMessagingModule,
  OsloServer,
  RequestContext,
  type RpcApiClient,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
} from 'nestjs-oslo-messaging';

const calculatorApi = defineRpcApi({
  topic: 'calculator',
  version: '1.0',
  methods: { add: call<{ a: number; b: number }, number>() },
});

@RpcEndpoint(calculatorApi)
class CalculatorEndpoint implements RpcHandlers<typeof calculatorApi> {
  add(@RpcArg('a') a: number, @RpcArg('b') b: number, @RpcContext() context: RequestContext): number {
    console.log(`${context.userId} adds ${a} and ${b}`);
    return a + b;
  }
}

@Injectable()
class Calculator {
  constructor(@InjectRpcApi(calculatorApi) private readonly api: RpcApiClient<typeof calculatorApi>) {}

  add(a: number, b: number): Promise<number> {
    return this.api.add({ a, b }, { context: new RequestContext({ userId: 'alice' }) });
  }
}

@Module({
  imports: [OsloMessagingModule.forRoot({ host: 'calc1' }), OsloMessagingModule.forFeature([{ api: calculatorApi }])],
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
