import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { OsloServer, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';

// A process of its own that does nothing but listen, and closes when it is certain to be kept alive.
// node --import typescript.mjs listening-app.ts URL TOPIC
const [transportUrl = '', topic = ''] = process.argv.slice(2);

@RpcEndpoint()
class Endpoint {
  @RpcMethod()
  run(): void {}
}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(
  { module: class App {}, controllers: [Endpoint] },
  { strategy: new OsloServer({ transportUrl, topic, host: 'host1' }), logger: ['warn', 'error'] },
);
await app.listen();
const close = async () => {
  console.log('alive');
  await app.close();
  console.log('closed');
};
// This timer expires only while something else keeps the process alive.
setTimeout(() => void close(), 200).unref();
