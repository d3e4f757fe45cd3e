import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientTCP, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { BenchClient, BenchServer, Place } from '../peer.js';
import { EchoModule } from './nest-echo.js';

function address({ url }: Place): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

export async function startNestTcpServer(place: Place): Promise<BenchServer> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    transport: Transport.TCP,
    options: address(place),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}

export async function startNestTcpClient(place: Place): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const client = new ClientTCP(address(place));
  await client.connect();
  return {
    call: (args) => firstValueFrom(client.send<unknown>('echo', args)),
    close: async () => client.close(),
  };
}
