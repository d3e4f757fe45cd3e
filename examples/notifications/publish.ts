import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectNotifier, Notifier, OsloMessagingModule, RequestContext } from 'nestjs-oslo-messaging';

@Injectable()
class Billing {
  constructor(@InjectNotifier('billing.host1') private readonly notifier: Notifier) {}

  async charge(context: RequestContext, customer: string, amount: number): Promise<void> {
    // Resolves when the broker has confirmed it.
    await this.notifier.info(context, 'invoice.created', { customer, amount });
    if (amount > 1000) await this.notifier.warn(context, 'invoice.large', { customer, amount });
  }
}

@Module({
  imports: [OsloMessagingModule.forRoot({ notificationTopics: ['billing'] })],
  providers: [Billing],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
const context = RequestContext.fromDict({ user_id: 'alice', project_id: 'shop' });
await app.get(Billing).charge(context, 'c1', 1200);
console.log('two notifications are in the queues billing.info and billing.warn');
await app.close();
