import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  getNotifierToken,
  NotificationEndpoint,
  NotificationPayload,
  type Notifier,
  OnNotification,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloServer,
} from 'nestjs-oslo-messaging';

const SAMPLES = 250;
const options: OsloMessagingOptions = { notificationTopics: ['meters'] };

@NotificationEndpoint({ topics: ['meters'] })
class Meters {
  private stored = 0;

  // Up to a hundred at a time, and none waits longer than half a second for the others.
  @OnNotification({ priority: 'sample', batch: { size: 100, timeout: '500ms' } })
  store(@NotificationPayload() samples: { cpu: number }[]): void {
    const sum = samples.reduce((total, { cpu }) => total + cpu, 0);
    console.log(`${samples.length} samples in one batch, ${(sum / samples.length).toFixed(1)} % on average`);
    this.stored += samples.length;
    if (this.stored === SAMPLES) allStored();
  }
}

@Module({ imports: [OsloMessagingModule.forRoot(options)], controllers: [Meters] })
class AppModule {}

let allStored: () => void;
const theEnd = new Promise<void>((resolve) => {
  allStored = resolve;
});

const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
  strategy: new OsloServer(options),
  logger: ['warn', 'error'],
});
await app.listen();

const notifier = app.get<Notifier>(getNotifierToken());
await Promise.all(Array.from({ length: SAMPLES }, (_, index) => notifier.sample({}, 'cpu', { cpu: index % 100 })));
await theEnd;
await app.close(); // an incomplete batch would be handled now
