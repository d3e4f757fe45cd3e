import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { OsloServer } from 'nestjs-oslo-messaging';
import { Stock10, Stock11 } from './stock.js';

// Two releases in one program, for the example alone.
@Module({ controllers: [process.env.RELEASE === '1.1' ? Stock11 : Stock10] })
class ServerModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
  strategy: new OsloServer({ host: process.env.SERVER_NAME ?? 'stock-1' }),
  logger: ['warn', 'error', 'fatal'],
});
// SIGTERM: stop consuming, finish the calls in work, then disconnect.
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen();
console.log('consuming');
