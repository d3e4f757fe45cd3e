import type { INestApplication, INestMicroservice, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OsloServer } from 'nestjs-oslo-messaging';
import { AgentModule } from './agent.js';
import { ApiModule } from './api.js';
import { ConductorModule } from './conductor.js';
import { bindAddress, options } from './settings.js';

/** Options of every application: few log lines, and a failed start rejects instead of ending the process. */
const common: NestApplicationOptions = { logger: ['warn', 'error', 'fatal'], abortOnError: false };

export async function startConductor(): Promise<INestMicroservice> {
  const strategy = new OsloServer(options({ host: 'conductor' }));
  const app = await NestFactory.createMicroservice(ConductorModule, { ...common, strategy });
  await app.listen();
  return app;
}

export async function startAgent(host: string): Promise<INestMicroservice> {
  const strategy = new OsloServer(options({ host }));
  const app = await NestFactory.createMicroservice(AgentModule.on(host), { ...common, strategy });
  await app.listen();
  return app;
}

/** Serves HTTP on the port, or on a free one when the port is in use. Also listens to notifications. */
export async function startApi(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(ApiModule, common);
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  try {
    await app.listen(port, bindAddress);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    console.log(`port ${port} is taken; choosing a free one`);
    await app.listen(0, bindAddress);
  }
  return app;
}
