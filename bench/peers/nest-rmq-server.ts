import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import type { BenchServer, Place } from '../peer.js';
import { nestRmqOptions } from './nest-rmq-options.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() args: unknown): unknown {
    return args;
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

export async function startNestRmqServer(place: Place): Promise<BenchServer> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    transport: Transport.RMQ,
    options: nestRmqOptions(place),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}
