import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectNotifier, Notifier, OsloMessagingModule, RequestContext } from 'nestjs-oslo-messaging';
import { messaging } from './messaging.js';

const AT_ONCE = 20;
const PAUSE_MS = 20;

/** Publishes up to 1000 events a second until the application ends. */
@Injectable()
class Shop implements OnModuleDestroy {
  private count = 0;
  private isOpen = true;
  private selling: Promise<void> = Promise.resolve();

  constructor(@InjectNotifier('shop.host1') private readonly notifier: Notifier) {}

  /** Resolves when the shop is closed. */
  open(): Promise<void> {
    this.selling = this.sell();
    return this.selling;
  }

  async onModuleDestroy(): Promise<void> {
    this.isOpen = false;
    await this.selling;
    console.log(`published ${this.count} in all`);
  }

  private async sell(): Promise<void> {
    while (this.isOpen) {
      // Resolved notifications are confirmed by the broker.
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.place()));
      if (this.count % 500 === 0) console.log(`published ${this.count}`);
      await delay(PAUSE_MS);
    }
  }

  private async place(): Promise<void> {
    this.count += 1;
    await this.notifier.info(new RequestContext({ userId: 'alice' }), 'order.placed', { number: this.count });
  }
}

@Module({ imports: [OsloMessagingModule.forRoot(messaging)], providers: [Shop] })
class PublisherModule {}

const app = await NestFactory.createApplicationContext(PublisherModule, { logger: ['warn', 'error', 'fatal'] });
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
console.log('publishing');
await app.get(Shop).open();
