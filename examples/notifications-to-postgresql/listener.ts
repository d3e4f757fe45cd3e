import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, type MicroserviceOptions } from '@nestjs/microservices';
import {
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  OnNotification,
  OsloNotificationBatchContext,
  OsloServer,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';
import { type EventRow, EventTable, isOutage } from './event-table.js';
import { messaging, TOPIC } from './messaging.js';

/** Characters that PostgreSQL does not take in a text. */
const UNWRITABLE = /[\0\p{Surrogate}]/gu;
const TIME = /^((?!0000)\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(\.\d{1,9})?(?=Z?$)/;

@NotificationEndpoint({ topics: [TOPIC], allowRequeue: true })
class Events {
  private readonly log = new Logger(Events.name);

  constructor(private readonly table: EventTable) {}

  // A batch is acknowledged when it is in the table. Until then the broker keeps it for this or another listener.
  @OnNotification({ batch: { size: 100, timeout: '100ms' } })
  async store(
    @NotificationPayload() payloads: unknown[],
    @NotificationMetadata() details: NotificationDetails[],
    @RpcContext() contexts: RequestContext[],
    @Ctx() batch: OsloNotificationBatchContext,
  ): Promise<NotificationResult> {
    const rows = details.map((detail, index) => rowOf(detail, contexts[index], payloads[index]));
    try {
      const inserted = await this.table.insert(rows);
      const known = rows.length - inserted;
      if (known > 0) this.log.warn(`${known} events were in the table already`);
      return NotificationResult.HANDLED;
    } catch (error) {
      // Anything else is logged, and tried again up to limits.deliveries.
      if (!isOutage(error)) throw error;
      await this.table.untilBack(batch.getSignal());
      return NotificationResult.REQUEUE;
    }
  }
}

function rowOf(details: NotificationDetails, context: RequestContext | undefined, payload: unknown): EventRow {
  const { messageId, priority, eventType, publisherId, timestamp } = details;
  return {
    message_id: text(messageId) ?? randomUUID(), // oslo.messaging always sets one
    priority,
    event_type: text(eventType),
    publisher_id: text(publisherId),
    published_at: time(timestamp),
    request_id: text(context?.requestId),
    payload,
  };
}

/** Time as oslo.messaging writes it; null for any other, which would fail the whole batch. */
function time(value: string | null): string | null {
  const [found, seconds = ''] = TIME.exec(value ?? '') ?? [];
  const parsed = Date.parse(`${seconds.replace(' ', 'T')}Z`);
  // JavaScript reads February 31 as March 3.
  const isReal = !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(seconds.replace(' ', 'T'));
  return found !== undefined && isReal ? found : null;
}

function text(value: string | null | undefined): string | null {
  return value?.replaceAll(UNWRITABLE, '\ufffd') ?? null;
}

@Module({ controllers: [Events], providers: [EventTable] })
class ListenerModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(ListenerModule, {
  strategy: new OsloServer(messaging),
  logger: ['warn', 'error', 'fatal'],
});
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen();
console.log('listening');
