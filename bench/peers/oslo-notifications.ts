import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getNotificationTransport,
  NotificationEndpoint,
  NotificationPayload,
  Notifier,
  OnNotification,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
} from 'nestjs-oslo-messaging';
import { Arrivals } from '../running/arrivals.js';
import type { BenchClient, BenchServer, Peer, Place } from './peer.js';

const CONCURRENCY = 100;

async function publisher({ url, topic }: Place): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const transport = getNotificationTransport({ transportUrl: url });
  const notifier = new Notifier(transport, {
    publisherId: 'bench.host1',
    topics: [topic],
    serializer: new RequestContextSerializer(),
  });
  const context = RequestContext.fromDict({ user_id: 'u' });
  return {
    call: (payload) => notifier.info(context, 'bench.happened', payload),
    close: () => transport.cleanup(),
  };
}

/** Starts a microservice with one controller for each round. */
async function listener({ url, topic }: Place): Promise<BenchServer> {
  return {
    drain: async (count) => {
      const arrivals = new Arrivals(count);
      @NotificationEndpoint({ topics: [topic] })
      class Listener {
        @OnNotification({ priority: 'info' })
        on(@NotificationPayload() payload: unknown): void {
          arrivals.add(payload);
        }
      }
      @Module({ controllers: [Listener] })
      class ListenerModule {}
      const app = await NestFactory.createMicroservice(ListenerModule, {
        strategy: new OsloServer({ transportUrl: url, concurrency: CONCURRENCY }),
        logger: ['warn', 'error'],
      });
      await app.listen();
      const drained = await arrivals.complete();
      await app.close();
      return drained;
    },
    close: async () => undefined,
  };
}

/** Notifications of this library. */
export const peers: Record<string, Peer> = { 'oslo-notifications': { server: listener, client: publisher } };
