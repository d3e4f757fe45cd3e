import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { OsloServer, RpcArg, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import type { Journal } from './journal.js';
import type { WorkerPlan } from './worker-commands.js';

/** Milliseconds that handlers take at most, and that every twentieth of them takes: something is always in work. */
const SHORT_WORK = 40;
const LONG_WORK = 1000;

/** A Nest application that notes what it begins and what it finishes. */
export async function serve(plan: WorkerPlan, journal: Journal): Promise<INestMicroservice> {
  @RpcEndpoint({ version: '1.0' })
  class Worker {
    private count = 0;

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
      await sleep(this.count++ % 20 === 0 ? LONG_WORK : Math.random() * SHORT_WORK);
      journal.note('finished', id);
    }
  }

  class App {}
  const root = { module: App, controllers: [Worker] };
  const strategy = new OsloServer({ ...plan.options, topic: plan.topic });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, { strategy, logger: ['warn', 'error'] });
  app.enableShutdownHooks(['SIGTERM']);
  await app.listen();
  return app;
}
