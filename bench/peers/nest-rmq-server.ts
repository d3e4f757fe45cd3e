import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import type { BenchServer, Place } from '../peer.js';
import { EchoModule } from './nest-echo.js';
import { nestRmqOptions } from './nest-rmq-options.js';

export async function startNestRmqServer(place: Place): Promise<BenchServer> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    transport: Transport.RMQ,
    options: nestRmqOptions(place),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}
