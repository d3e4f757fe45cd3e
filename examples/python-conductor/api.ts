import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OsloMessagingModule, OsloServer, RemoteExceptionFilter } from 'nestjs-oslo-messaging';
import { ERRORS, QuotaExceeded, VnfNotFound } from './errors.js';
import { Quota } from './quota.js';
import { VnfController } from './vnf.controller.js';
import { VnfEvents } from './vnf-events.js';

@Module({
  imports: [
    OsloMessagingModule.forRoot({ host: 'api1', rpcResponseTimeout: '10s', allowedRemoteExmods: [ERRORS] }),
    OsloMessagingModule.forFeature([{ target: { topic: 'vnf_conductor', version: '1.0' } }]),
  ],
  controllers: [VnfController, VnfEvents, Quota],
})
class ApiModule {}

const app = await NestFactory.create(ApiModule, { logger: ['warn', 'error', 'fatal'] });
app.useGlobalFilters(
  new RemoteExceptionFilter([
    [VnfNotFound, 404],
    [QuotaExceeded, 403],
  ]),
);
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.init();
app.connectMicroservice({ strategy: app.get(OsloServer) });
await app.startAllMicroservices();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
