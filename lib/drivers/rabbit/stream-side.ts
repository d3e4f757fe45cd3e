import type { TransportHost, TransportURL } from '../../core/transport-url.js';
import type { DriverContext } from '../driver-context.js';
import type { ChannelBudget } from './connection/channel-budget.js';
import { RabbitConnection } from './connection/connection.js';
import { Failover } from './connection/failover.js';
import { Outage } from './connection/outage.js';
import { ConsumingChannels } from './consuming/consuming-channels.js';
import type { Reading } from './consuming/reading.js';
import { ATTEMPT_TIMEOUT_MS, StreamConsumer } from './consuming/stream-consumer.js';
import { Upkeep } from './consuming/upkeep.js';
import type { Declarer } from './topology/declarer.js';

/**
 * Connection of its own for the fanout streams of a transport, opened with the first one. RabbitMQ closes the whole
 * connection of a consumer whose stream has no majority in its cluster, and a node reads a stream only if it has a replica:
 * the streams may need another host than the queues.
 */
export class StreamSide {
  readonly connection: RabbitConnection;
  private readonly channels: ConsumingChannels;
  private readonly upkeep: Upkeep;
  private readonly consumers = new Set<StreamConsumer>();
  private readonly failover: Failover;

  constructor(
    url: TransportURL,
    private readonly context: DriverContext,
    private readonly declarer: Declarer,
    budget: ChannelBudget,
  ) {
    const { logger, rabbit } = context.settings;
    this.failover = new Failover(url.hosts, rabbit.failoverStrategy, logger);
    this.connection = new RabbitConnection(url, context, 'streams', { failover: this.failover });
    // The transport is not out without its streams. Each stream that stays unread has log lines of its own.
    const outage = new Outage([this.connection], logger, 'streams');
    this.connection.onStatus((status) => outage.follow(status, () => 0));
    this.channels = new ConsumingChannels(budget);
    this.upkeep = new Upkeep(rabbit.topologyCheckInterval, logger);
  }

  /** Returns a consumer of a stream, not started yet. */
  consumer(reading: Omit<Reading, 'attemptTimeout' | 'prompt'>): StreamConsumer {
    const { connection, context, declarer, channels, upkeep, consumers } = this;
    const patient = { ...reading, attemptTimeout: ATTEMPT_TIMEOUT_MS, prompt: false };
    const consumer = new StreamConsumer(connection, context, declarer, channels, patient, upkeep);
    consumers.add(consumer);
    consumer.onClose = () => consumers.delete(consumer);
    consumer.leaveHost = (reason, unanswered) => {
      // The other streams may have their replicas on this host. Without an answer, it is going to close the connection.
      const isUseful = this.failover.size > 1 && ![...consumers].some(({ attached }) => attached);
      if (unanswered || isUseful) connection.leave(reason);
    };
    return consumer;
  }

  /** Leaves a host that is cut off from its cluster. */
  suspect(host: TransportHost): void {
    this.failover.suspect(host);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
