import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { OsloServer, RpcArg, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import type { Journal } from './journal.js';
import type { WorkerPlan } from './worker-commands.js';

/** Handlers take up to so many milliseconds. */
const LONGEST_WORK = 40;

/** A Nest application that notes what it begins and what it finishes. */
export async function serve(plan: WorkerPlan, journal: Journal): Promise<INestMicroservice> {
  @RpcEndpoint({ version: '1.0' })
  class Worker {
    @RpcMethod()
    async work(@RpcArg('id') id: string): Promise<string> {
      await this.execute(id);
      return id;
    }

    @RpcMethod()
    async note(@RpcArg('id') id: string): Promise<void> {
      await this.execute(id);
    }

    private async execute(id: string): Promise<void> {
      journal.note('began', id);
      await sleep(Math.random() * LONGEST_WORK);
      journal.note('finished', id);
    }
  }

  class App {}
  const root = { module: App, controllers: [Worker] };
  const strategy = new OsloServer({ ...plan.options, topic: plan.topic, host: plan.name });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, { strategy, logger: ['warn', 'error'] });
  app.enableShutdownHooks(['SIGTERM']);
  await app.listen();
  return app;
}
