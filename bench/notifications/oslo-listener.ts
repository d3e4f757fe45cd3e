import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NotificationEndpoint, NotificationPayload, OnNotification, OsloServer } from 'nestjs-oslo-messaging';
import type { Place } from '../peer.js';
import { Arrivals } from './arrivals.js';
import type { BenchListener } from './peer.js';

/** A Nest controller in a microservice, made anew for each round as Nest has it. */
export async function startOsloListener({ url, topic }: Place): Promise<BenchListener> {
  async function drain(count: number) {
    const arrivals = new Arrivals(count);
    @NotificationEndpoint({ topics: [topic] })
    class Listener {
      @OnNotification({ priority: 'info' })
      on(@NotificationPayload() payload: unknown): void {
        arrivals.add(payload);
      }
    }
    @Module({})
    class ListenerModule {}
    const app = await NestFactory.createMicroservice(
      { module: ListenerModule, controllers: [Listener] } satisfies DynamicModule,
      {
        strategy: new OsloServer({ transportUrl: url, concurrency: 100 }),
        logger: ['warn', 'error'],
      },
    );
    await app.listen();
    const drained = await arrivals.complete();
    await app.close();
    return drained;
  }

  return { drain, close: async () => undefined };
}
