import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  getNotifierToken,
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  type Notifier,
  OnNotification,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloServer,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';

const options: OsloMessagingOptions = { notificationTopics: ['orders'] };

@NotificationEndpoint({ topics: ['orders'], allowRequeue: true })
class Orders {
  private tries = 0;

  @OnNotification({ eventType: 'order.*' })
  log(
    @NotificationPayload('id') id: number,
    @NotificationMetadata() { eventType, priority }: NotificationDetails,
    @RpcContext() context: RequestContext,
  ): void {
    console.log(`${eventType} ${id} (${priority}), by ${context.userId}`);
  }

  // Both methods get an order that was paid; each is given it again until it is done with it.
  @OnNotification({ eventType: 'order.paid', priority: ['info', 'warn'] })
  ship(@NotificationPayload('id') id: number): NotificationResult {
    this.tries += 1;
    if (this.tries < 3) return NotificationResult.REQUEUE;
    console.log(`order ${id} shipped at the third try`);
    shipped();
    return NotificationResult.HANDLED;
  }
}

@Module({ imports: [OsloMessagingModule.forRoot(options)], controllers: [Orders] })
class AppModule {}

let shipped: () => void;
const theEnd = new Promise<void>((resolve) => {
  shipped = resolve;
});

const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
  strategy: new OsloServer(options),
  logger: ['warn', 'error'],
});
await app.listen(); // the queues exist and are being consumed

const notifier = app.get<Notifier>(getNotifierToken());
const context = RequestContext.fromDict({ user_id: 'alice' });
await notifier.info(context, 'order.created', { id: 7 });
await notifier.info(context, 'order.paid', { id: 7 });
await theEnd;
await app.close(); // lets running methods finish, then disconnects
