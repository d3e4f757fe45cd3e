import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type BackingOffClient,
  getRpcClientToken,
  OsloClientProxy,
  OsloMessagingModule,
  OsloServer,
  RequestContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { lastValueFrom } from 'rxjs';

// A process of its own, which must end by itself after app.close(): nothing here calls process.exit().
// node --import typescript.mjs exiting-app.ts URL TOPIC
const [transportUrl = '', topic = ''] = process.argv.slice(2);
const options = { transportUrl, topic, host: 'host1', drainTimeout: '3s' } as const;
let begin: () => void;
const begun = new Promise<void>((resolve) => {
  begin = resolve;
});
let finish: () => void;
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});

@RpcEndpoint()
class Endpoint {
  /** Runs until the application closes. */
  @RpcMethod()
  async work(): Promise<string> {
    begin();
    await finished;
    return 'done';
  }

  @RpcMethod()
  hang(): Promise<never> {
    return new Promise(() => undefined);
  }
}

@Controller()
class Closing {
  /** The server drains from now on. */
  beforeApplicationShutdown(): void {
    setImmediate(finish);
  }
}

@Module({
  imports: [OsloMessagingModule.forRoot(options), OsloMessagingModule.forFeature([{ target: { topic } }])],
  controllers: [Endpoint, Closing],
})
class App {}

const app = await NestFactory.create(App, { logger: ['warn', 'error'] });
app.connectMicroservice({ strategy: app.get(OsloServer) });
await app.startAllMicroservices();
await app.init();
const proxy = new OsloClientProxy(options);
const client = app.get<BackingOffClient>(getRpcClientToken(topic));
// By the module's transport and by one that is closed by hand, to a handler that finishes and to one that does not.
const calls = [
  client.call(new RequestContext(), 'work'),
  client.call(new RequestContext(), 'hang'),
  lastValueFrom(proxy.send('work', {})),
  lastValueFrom(proxy.send('hang', {})),
].map((call) =>
  call.then(
    (result) => `answered ${String(result)}`,
    (error: unknown) => `rejected ${String(error)}`,
  ),
);
await begun;
console.log('under way');
await app.close();
await proxy.close();
console.log('closed');
for (const outcome of await Promise.all(calls)) console.log(outcome);
