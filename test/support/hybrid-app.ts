import 'reflect-metadata';
import { type CallHandler, Controller, Get, Inject, Module, type NestInterceptor, Param } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import {
  type BackingOffClient,
  getRpcClientToken,
  OsloMessagingModule,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { map, type Observable } from 'rxjs';

// Web application that serves RPC beside HTTP, by the recipe of the README.
// TRANSPORT_URL=… node --import typescript.mjs hybrid-app.ts TOPIC
const [topic = ''] = process.argv.slice(2);
const port = 0;

@RpcEndpoint()
class Greeter {
  @RpcMethod()
  greet(@RpcArg('name') name: string): string {
    return `hello ${name}`;
  }
}

@Controller()
class Web {
  constructor(@Inject(getRpcClientToken(topic)) private readonly client: BackingOffClient) {}

  @Get('greet/:name')
  greet(@Param('name') name: string): Promise<unknown> {
    return this.client.call(undefined, 'greet', { name });
  }
}

/** Global interceptor, which RPC has only with `inheritAppConfig`. */
class Marking implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((result) => `${result}!`));
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({ topic, host: 'web1' }),
    OsloMessagingModule.forFeature([{ target: { topic } }]),
  ],
  controllers: [Greeter, Web],
  providers: [{ provide: APP_INTERCEPTOR, useClass: Marking }],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.init();
app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
await app.startAllMicroservices();
await app.listen(port);
console.log(`listening on ${(await app.getUrl()).replace('[::1]', 'localhost')}`);
