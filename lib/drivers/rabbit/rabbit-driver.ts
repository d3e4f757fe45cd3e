import type { ChannelModel } from 'amqplib';
import { Deadline } from '../../core/deadline.js';
import { encodeMessage } from '../../core/envelope.js';
import { ConfigurationError, MessageDeliveryFailure, ServerListenError, toError } from '../../core/errors.js';
import type { DriverStatus, TransportHealth } from '../../core/health.js';
import type { RpcInvocation } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { Target } from '../../core/target.js';
import type { TransportURL } from '../../core/transport-url.js';
import type {
  AcknowledgeAfterReply,
  CallOptions,
  ConnectOptions,
  Driver,
  Listener,
  NeedsNoSlot,
  NotifyOptions,
  OutgoingNotification,
  QueueDepth,
  Receive,
  ReceiveNotifications,
  SendOptions,
  Subscription,
} from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { PublishDeadLetter } from '../inbox/dead-letters.js';
import type { Inbox } from '../inbox/inbox.js';
import { NotificationInbox, prefetchOf } from '../inbox/notification-inbox.js';
import { RequestInbox } from '../inbox/request-inbox.js';
import { notificationBindings, serverBindings } from '../routing.js';
import { CallerWatch } from './caller-watch.js';
import { ChannelBudget } from './connection/channel-budget.js';
import { usesTls } from './connection/connect-options.js';
import { RabbitConnection } from './connection/connection.js';
import { withDistinctHosts } from './connection/distinct-hosts.js';
import { Failover } from './connection/failover.js';
import { Standstill } from './connection/standstill.js';
import { checkTlsFiles } from './connection/tls-options.js';
import { TrafficWatch } from './connection/traffic-watch.js';
import { Consumer } from './consuming/consumer.js';
import { ConsumingChannels } from './consuming/consuming-channels.js';
import { QueueDepths } from './consuming/queue-depths.js';
import type { OnMessage, Reading } from './consuming/reading.js';
import { Upkeep } from './consuming/upkeep.js';
import { DriverHealth } from './driver-health.js';
import { Publisher } from './publishing/publisher.js';
import { ReplySender } from './reply-sender.js';
import { Republisher } from './republisher.js';
import { RequestSender } from './request-sender.js';
import { ServedQueues } from './served-queues.js';
import { StreamSide } from './stream-side.js';
import { Declarer } from './topology/declarer.js';
import { IgnoredOptions } from './topology/ignored-options.js';
import { QueueProfile } from './topology/queue-profile.js';
import { notificationQueue, serverQueue } from './topology/topology.js';

/**
 * Driver for RabbitMQ. Has one connection to publish, one to consume and one for fanout streams, each opened on first use and
 * reopened when lost.
 */
export class RabbitDriver implements Driver {
  private readonly publishing: RabbitConnection;
  private readonly consuming: RabbitConnection;
  private readonly driverHealth: DriverHealth;
  private readonly profile: QueueProfile;
  private readonly declarer: Declarer;
  private readonly channels: ConsumingChannels;
  private readonly traffic: TrafficWatch;
  private readonly upkeep: Upkeep;
  private readonly streams: StreamSide;
  private readonly publisher: Publisher;
  private readonly requests: RequestSender;
  private readonly replySender: ReplySender;
  private readonly republisher: Republisher;
  private readonly served = new Set<ServedQueues>();
  private readonly depths: QueueDepths;
  private warnedOfTransientQueues = false;
  private closing: Promise<void> | undefined;
  private readonly settings: Settings;

  constructor(
    private readonly context: DriverContext,
    allowedModules: ReadonlySet<string>,
    given: TransportURL,
  ) {
    const { settings } = context;
    this.settings = settings;
    const url = withDistinctHosts(given, (address) =>
      settings.logger.warn(`The transport URL names ${address} more than once: it counts as one host`),
    );
    if (url.hosts.length === 0) throw new ConfigurationError('The transport URL names no host');
    if (usesTls(url, settings.rabbit)) checkTlsFiles(settings.rabbit);
    this.profile = new QueueProfile(settings.rabbit, settings.logger);
    const budget = new ChannelBudget();
    const shared = {
      failover: new Failover(url.hosts, settings.rabbit.failoverStrategy, settings.logger),
      standstill: new Standstill((line) => settings.logger.warn(line)),
      examine: (model: ChannelModel) => budget.turns.during(() => this.profile.examine(model)),
    };
    this.publishing = new RabbitConnection(url, context, 'publishing', shared);
    this.consuming = new RabbitConnection(url, context, 'consuming', shared);
    this.traffic = new TrafficWatch(() => void this.consuming.doubt.raise());
    const ignored = new IgnoredOptions(settings.rabbit, settings.logger);
    for (const one of [this.publishing, this.consuming]) one.onConnected((model) => ignored.check(model));
    this.driverHealth = new DriverHealth(this.publishing, this.consuming, shared.standstill, settings.logger);
    this.declarer = new Declarer(settings, this.profile, url);
    this.upkeep = new Upkeep(settings.rabbit.topologyCheckInterval, settings.logger);
    // The broker closes the connection of a user who opens too many channels.
    for (const one of [this.publishing, this.consuming]) one.onStatus(() => void budget.learn(one.lastError));
    this.channels = new ConsumingChannels(budget);
    this.depths = new QueueDepths(
      () => this.consuming.current,
      () => [...new Set([...this.served].flatMap(({ queueNames }) => queueNames))],
      budget.turns,
    );
    this.streams = new StreamSide(url, context, this.declarer, budget);
    shared.failover.onSuspect((host) => this.streams.suspect(host));
    this.driverHealth.follow(this.streams.connection);
    this.publisher = new Publisher(this.publishing, context, this.declarer, budget);
    this.replySender = new ReplySender(this.publisher, new CallerWatch(this.publishing, budget), context);
    this.republisher = new Republisher(this.publisher, settings);
    this.requests = new RequestSender(context, allowedModules, {
      publisher: this.publisher,
      consume: (queue, onMessage) => this.consumer({ queues: [queue], prefetch: 0, prompt: false, onMessage }),
      watch: (replies) => this.driverHealth.watchReplies(replies),
      doubt: () => this.consuming.doubt.raise(),
      trouble: ({ since }) => this.publishing.troubleSince(since) ?? this.consuming.troubleSince(since),
    });
  }

  call(request: RpcInvocation, options: CallOptions): Promise<unknown> {
    return this.requests.call(request, options);
  }

  cast(request: RpcInvocation, options: SendOptions): Promise<void> {
    return this.requests.cast(request, options);
  }

  async notify(
    { exchange, routingKey, message, envelope, uniqueId }: OutgoingNotification,
    { deadline, retry, headers }: NotifyOptions,
  ): Promise<void> {
    if (this.closing) throw new MessageDeliveryFailure('The transport is closed: nothing was sent');
    const queue = notificationQueue(exchange, routingKey, this.settings.rabbit);
    const body = encodeMessage(message, this.settings.limits, envelope);
    const publication = {
      exchange: queue.exchange,
      queue,
      routingKey,
      body,
      mandatoryId: uniqueId,
      ...(headers !== undefined && { headers }),
    };
    await this.publisher.publishBy(publication, deadline, retry);
  }

  async listen(
    target: Target,
    concurrency: number,
    receive: Receive,
    acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
    signal: AbortSignal,
    needsNoSlot?: NeedsNoSlot,
  ): Promise<Listener> {
    const { rabbit, controlExchange } = this.settings;
    const inbox = new RequestInbox(this.context, concurrency, receive, acknowledgeAfterReply, {
      repeats: true,
      expires: true,
      sendReply: (reply) => this.replySender.send(reply),
      deadLetter: (...letter) => this.republisher.deadLetter(...letter),
      countReturn: (...delivery) => this.republisher.countReturn(...delivery),
      cancellations: this.requests.cancellations,
      needsNoSlot,
      listening: target,
    });
    const bindings = serverBindings(target, controlExchange);
    try {
      const queues = bindings.map((binding) => ({
        ...serverQueue(binding, rabbit),
        lasting: acknowledgeAfterReply !== undefined && !binding.transient,
      }));
      // Requests that are acknowledged after their reply stay unacknowledged for long.
      const prompt = acknowledgeAfterReply === undefined;
      const prefetch = rabbit.prefetch || concurrency;
      const listener = await this.consume({ queues, prefetch, prompt }, inbox, signal);
      if (acknowledgeAfterReply) this.warnOfTransientQueues();
      return listener;
    } catch (error) {
      throw new ServerListenError(`Cannot listen on ${target}: ${toError(error).message}`, { target, cause: error });
    }
  }

  async listenForNotifications(
    subscription: Subscription,
    receive: ReceiveNotifications,
    signal: AbortSignal,
  ): Promise<Listener> {
    const { prefetch } = this.settings.rabbit;
    const batchSize = Math.min(subscription.batchSize, prefetch || Number.POSITIVE_INFINITY);
    const deadLetter: PublishDeadLetter = (...letter) => this.republisher.deadLetter(...letter);
    const inbox = new NotificationInbox(this.context, { ...subscription, batchSize }, receive, deadLetter);
    const queues = notificationBindings(subscription).map((binding) => serverQueue(binding, this.settings.rabbit));
    return this.consume({ queues, prefetch: prefetch || prefetchOf(subscription), prompt: false }, inbox, signal);
  }

  async connect({ deadline, retry, publishOnly }: ConnectOptions): Promise<void> {
    const connections = publishOnly ? [this.publishing] : [this.publishing, this.consuming];
    await Promise.all(connections.map((connection) => connection.acquire(deadline, retry)));
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.driverHealth.onStatus(listener);
  }

  health(): TransportHealth {
    const { messages, bytes } = this.publisher.pending;
    return {
      ...this.driverHealth.read(),
      pendingCalls: this.requests.pending,
      pendingPublishes: messages,
      pendingPublishBytes: bytes,
      queuedMessages: undefined,
      queuedBytes: undefined,
      counts: this.context.counters.read(),
    };
  }

  queueDepths(): Promise<QueueDepth[]> {
    return this.depths.read();
  }

  /** Refuses new requests at once, and waits for confirms within the drain timeout. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.requests.rejectAll();
    this.replySender.close();
    await this.publisher.close(Deadline.after(this.settings.drainTimeout));
    await this.requests.close();
    this.traffic.close();
    await Promise.all([this.publishing.close(), this.consuming.close(), this.streams.close()]);
    // Timers of inboxes that were not stopped would outlive the transport.
    for (const { inbox } of this.served) {
      inbox.close(false);
      inbox.abandon?.();
    }
  }

  private consumer(reading: Reading): Consumer {
    return new Consumer(this.consuming, this.context, this.declarer, this.channels, reading, this.upkeep);
  }

  /** @throws ServerListenError, MessageDeliveryFailure */
  private async consume(
    { queues, prefetch, prompt }: Omit<Reading, 'onMessage'>,
    inbox: Inbox,
    signal: AbortSignal,
  ): Promise<Listener> {
    const onMessage: OnMessage = (delivery) => {
      this.traffic.received();
      inbox.push(delivery);
    };
    const [streams, others] = [queues.filter(({ stream }) => stream), queues.filter(({ stream }) => !stream)];
    const stream = streams.length > 0 ? this.streams.consumer({ queues: streams, prefetch, onMessage }) : undefined;
    const consumer = this.consumer({ queues: others, prefetch, prompt, onMessage });
    const served = new ServedQueues(consumer, stream, inbox, {
      cancelled: () => unwatch(),
      stopped: () => this.served.delete(served),
    });
    const unwatch = this.driverHealth.watch(served);
    this.served.add(served);
    await served.start(Deadline.after(this.settings.rpcResponseTimeout), signal);
    return served;
  }

  /** Warns once for all servers of a transport: they share the options. */
  private warnOfTransientQueues(): void {
    const { durable, autoDelete } = this.profile.options;
    if (this.warnedOfTransientQueues || (durable && !autoDelete)) return;
    this.warnedOfTransientQueues = true;
    this.settings.logger.warn(
      'Requests are delivered at least once, but the queues are transient: a restart of the broker loses their messages. Set rabbit.rabbitQuorumQueue, or rabbit.amqpDurableQueues without rabbit.amqpAutoDelete, here and at all peers',
    );
  }
}
