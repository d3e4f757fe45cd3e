import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type OsloMessagingOptions, OsloServer, RpcArgs, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import type { BenchServer, Place } from '../peer.js';
import { served } from '../served.js';

/** No topic of its own: it answers on the server's. */
@RpcEndpoint({ version: '1.0' })
class EchoEndpoint {
  @RpcMethod()
  echo(@RpcArgs() args: Record<string, unknown>): Record<string, unknown> {
    served.calls++;
    return args;
  }
}

@Module({ controllers: [EchoEndpoint] })
class EchoModule {}

export async function startOsloServer(
  { url, topic, host = 'bench' }: Place,
  options: OsloMessagingOptions = {},
): Promise<BenchServer> {
  const app = await NestFactory.createMicroservice(EchoModule, {
    strategy: new OsloServer({ transportUrl: url, topic, host, ...options }),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}
