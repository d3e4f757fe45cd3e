import {
  type Dict,
  getNotificationListener,
  getNotificationTransport,
  type Priority,
  Target,
  type Transport,
} from '../../internal.js';
import type { NotificationSource, SourcePlan } from './notification-source.js';

/** Member of a pool: its listeners share a queue, which stays when they have gone. */
export class Pool implements NotificationSource {
  private readonly transport: Transport;
  private readonly listener;
  /** The listener connects again by itself. */
  readonly failed: Promise<never> = new Promise(() => undefined);

  constructor(plan: SourcePlan, pool: string) {
    const { options, exchange, topics, priorities, filter, receive } = plan;
    this.transport = getNotificationTransport(options);
    const method =
      (priority: Priority) =>
      async (
        context: unknown,
        publisherId: string | null,
        eventType: string | null,
        payload: unknown,
        metadata: { readonly messageId: string | null; readonly timestamp: string | null },
      ) => {
        const common = { priority, publisherId, eventType, payload, uniqueId: undefined };
        await receive({ ...metadata, ...common, context: context as Dict });
      };
    const endpoint = Object.fromEntries(priorities.map((priority) => [priority, method(priority)]));
    const targets = topics.map((topic) => new Target({ topic, exchange }));
    const endpoints = [{ ...endpoint, ...(filter && { filterRule: filter }) }];
    this.listener = getNotificationListener(this.transport, targets, endpoints, { pool });
  }

  async start(): Promise<void> {
    await this.transport.connect({ retry: 0 });
    await this.listener.start();
  }

  async close(): Promise<void> {
    await this.listener.stop();
    await this.transport.cleanup();
  }
}
