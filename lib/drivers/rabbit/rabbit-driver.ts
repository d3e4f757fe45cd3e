import { Deadline } from '../../core/deadline.js';
import {
  ClientSendError,
  ConfigurationError,
  MessageDeliveryFailure,
  MessageUndeliverable,
  ServerListenError,
  toError,
} from '../../core/errors.js';
import type { DriverStatus, TransportHealth } from '../../core/health.js';
import { oneLine } from '../../core/logger.js';
import { decodeEnvelope, encodeRequest, newId, type RpcInvocation, readReply } from '../../core/message.js';
import type { Settings } from '../../core/options.js';
import type { Target } from '../../core/target.js';
import type { TransportURL } from '../../core/transport-url.js';
import type { SetAside } from '../dead-letters.js';
import type { Delivery } from '../delivery.js';
import type {
  CallOptions,
  Driver,
  IsLate,
  Listener,
  OutgoingNotification,
  Receive,
  ReceiveNotifications,
  SendOptions,
  Subscription,
} from '../driver.js';
import { Inbox } from '../inbox.js';
import { NotificationInbox, prefetchOf } from '../notification-inbox.js';
import { PendingCalls } from '../pending-calls.js';
import { notificationBindings, routeOf, serverBindings } from '../routing.js';
import { usesTls } from './broker-address.js';
import { RabbitConnection } from './connection.js';
import { Consumer } from './consumer.js';
import { Declarer } from './declarer.js';
import { DriverHealth } from './driver-health.js';
import { type Publication, Publisher } from './publisher.js';
import { ReplySender } from './reply-sender.js';
import { SafeKeeping } from './safe-keeping.js';
import { checkTlsFiles } from './tls-options.js';
import { exchangeSpec, notificationQueue, type QueueSpec, replyQueue, serverQueue } from './topology.js';

/** RabbitMQ by amqplib: one connection to publish, one to consume, each made on first use and made again when lost. */
export class RabbitDriver implements Driver {
  private readonly publishing: RabbitConnection;
  private readonly consuming: RabbitConnection;
  private readonly watched: DriverHealth;
  private readonly declarer: Declarer;
  private readonly publisher: Publisher;
  private readonly calls: PendingCalls;
  private readonly replySender: ReplySender;
  private readonly safeKeeping: SafeKeeping;
  private replies: Consumer | undefined;
  private repliesReady = false;
  private warnedOfTransientQueues = false;

  constructor(
    private readonly settings: Settings,
    allowedModules: ReadonlySet<string>,
    url: TransportURL,
  ) {
    if (url.hosts.length === 0) throw new ConfigurationError('The transport URL names no host');
    if (usesTls(url, settings.rabbit)) checkTlsFiles(settings.rabbit);
    this.publishing = new RabbitConnection(url, settings, 'publishing');
    this.consuming = new RabbitConnection(url, settings, 'consuming');
    this.watched = new DriverHealth(this.publishing, this.consuming);
    this.declarer = new Declarer(settings, url);
    this.publisher = new Publisher(this.publishing, settings, this.declarer);
    this.replySender = new ReplySender(this.publisher, settings);
    this.safeKeeping = new SafeKeeping(this.publisher, settings);
    this.calls = new PendingCalls(settings, allowedModules);
  }

  call(request: RpcInvocation, options: CallOptions): Promise<unknown> {
    const msgId = newId();
    const details = { target: options.target, method: request.method };
    const { deadline, callMonitorTimeout } = options;
    const reply = this.calls.add(msgId, deadline, callMonitorTimeout, details, () => this.outage);
    this.sendCall(msgId, request, options).catch((error: unknown) => {
      this.countUndeliverable(error);
      // At the deadline the call's own timer says what happened.
      if (!(error instanceof MessageDeliveryFailure && deadline.expired))
        this.calls.reject(msgId, about(error, details));
    });
    return reply;
  }

  async cast(request: RpcInvocation, options: SendOptions): Promise<void> {
    const uniqueId = newId();
    const ids = { msgId: undefined, replyQueue: undefined, callMonitorTimeout: undefined, uniqueId };
    const publication = this.publication(options, encodeRequest(request, ids, this.settings.limits), uniqueId);
    try {
      await this.publisher.publishBy(publication, options.deadline, options.retry);
    } catch (error) {
      this.countUndeliverable(error);
      throw about(error, { target: options.target, method: request.method });
    }
  }

  notify(
    { exchange, routingKey, body, uniqueId }: OutgoingNotification,
    { deadline, retry }: Pick<SendOptions, 'deadline' | 'retry'>,
  ): Promise<void> {
    const queue = notificationQueue(exchange, routingKey, this.settings.rabbit);
    const publication = { exchange: queue.exchange, queue, routingKey, body, mandatoryId: uniqueId };
    return this.publisher.publishBy(publication, deadline, retry);
  }

  async listen(target: Target, concurrency: number, receive: Receive, isLate: IsLate | undefined): Promise<Listener> {
    const { rabbit, controlExchange } = this.settings;
    if (isLate) this.warnOfTransientQueues();
    const inbox = new Inbox(this.settings, concurrency, receive, isLate, {
      sendReply: (reply) => this.replySender.send(reply),
      setAside: (...letter) => this.safeKeeping.setAside(...letter),
      envelope: true,
      countReturn: (...delivery) => this.safeKeeping.countReturn(...delivery),
    });
    const bindings = serverBindings(target, controlExchange);
    try {
      const queues = bindings.map((binding) => ({
        ...serverQueue(binding, rabbit),
        lasting: isLate !== undefined && !binding.transient,
      }));
      return await this.consume(queues, rabbit.prefetch || concurrency, inbox);
    } catch (error) {
      throw new ServerListenError(`Cannot listen on ${target}: ${toError(error).message}`, { target, cause: error });
    }
  }

  async listenForNotifications(subscription: Subscription, receive: ReceiveNotifications): Promise<Listener> {
    const { prefetch } = this.settings.rabbit;
    const batchSize = Math.min(subscription.batchSize, prefetch || Number.POSITIVE_INFINITY);
    const setAside: SetAside = (...letter) => this.safeKeeping.setAside(...letter);
    const inbox = new NotificationInbox(this.settings, { ...subscription, batchSize }, receive, setAside);
    const queues = notificationBindings(subscription).map((binding) => serverQueue(binding, this.settings.rabbit));
    return this.consume(queues, prefetch || prefetchOf(subscription), inbox);
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.watched.onStatus(listener);
  }

  health(): TransportHealth {
    const { messages, bytes } = this.publisher.pending;
    return {
      ...this.watched.read(),
      pendingCalls: this.calls.size,
      pendingPublishes: messages,
      pendingPublishBytes: bytes,
      counts: this.settings.counters.read(),
    };
  }

  async close(): Promise<void> {
    this.calls.rejectAll(new MessageDeliveryFailure('The transport was closed'));
    this.replySender.close();
    if (this.replies) await letGo(this.replies);
    await Promise.all([this.publishing.close(), this.consuming.close()]);
  }

  /** @throws ServerListenError, MessageDeliveryFailure */
  private async consume(
    queues: readonly QueueSpec[],
    prefetch: number,
    inbox: Inbox | NotificationInbox,
  ): Promise<Listener> {
    const push = (delivery: Delivery) => inbox.push(delivery);
    const consumer = new Consumer(this.consuming, this.settings, queues, prefetch, push, this.declarer);
    const unwatch = this.watched.watch({ consumer, inbox });
    try {
      await consumer.start(Deadline.after(this.settings.rpcResponseTimeout));
    } catch (error) {
      unwatch();
      await letGo(consumer);
      throw error;
    }
    return {
      stop: async (milliseconds) => {
        unwatch();
        await consumer.cancel();
        await inbox.drain(milliseconds);
        await consumer.close();
      },
    };
  }

  /** Once for all servers of a transport, which share the options. */
  private warnOfTransientQueues(): void {
    const { durable, autoDelete } = this.settings.rabbit;
    if (this.warnedOfTransientQueues || (durable && !autoDelete)) return;
    this.warnedOfTransientQueues = true;
    this.settings.logger.warn(
      'Delivery at least once was asked for, but the queues are transient: what they hold is lost when the broker restarts. Set rabbit.rabbitQuorumQueue, or rabbit.amqpDurableQueues without rabbit.amqpAutoDelete, here and at all peers',
    );
  }

  private async sendCall(msgId: string, request: RpcInvocation, options: CallOptions): Promise<void> {
    if (!this.repliesReady) await this.consumeReplies(options);
    const { callMonitorTimeout, deadline, retry, timeout } = options;
    const ids = { msgId, uniqueId: newId(), replyQueue: this.replies?.names[0], callMonitorTimeout };
    const body = encodeRequest(request, ids, this.settings.limits);
    const publication = this.publication(options, body, ids.uniqueId, Math.max(1, Math.trunc(timeout)));
    await this.publisher.publish(publication, deadline, retry);
  }

  private countUndeliverable(error: unknown): void {
    if (error instanceof MessageUndeliverable) this.settings.counters.count('undeliverable');
  }

  /** Why a connection is down, where one is. */
  private get outage(): Error | undefined {
    return [this.publishing, this.consuming].find(({ current, lastError }) => !current && lastError)?.lastError;
  }

  /** The reply queue keeps its name when the connection is made again, so that replies still find it. */
  private async consumeReplies({ deadline, retry }: SendOptions): Promise<void> {
    if (!this.replies) {
      this.replies = this.replyConsumer();
      this.watched.watchReplies(this.replies);
    }
    await this.replies.start(deadline, retry);
    this.repliesReady = true;
  }

  private replyConsumer(): Consumer {
    return new Consumer(
      this.consuming,
      this.settings,
      [replyQueue(`reply_${newId()}`, this.settings.rabbit)],
      0,
      (delivery) => {
        void delivery.acknowledge();
        try {
          this.calls.settle(readReply(decodeEnvelope(delivery.read(), this.settings.limits)));
        } catch (error) {
          this.settings.counters.count('refusedMessages');
          this.settings.logger.warn(`Refused a reply: ${oneLine(toError(error).message)}`);
        }
      },
      this.declarer,
    );
  }

  private publication(
    { target, mandatory }: SendOptions,
    body: Buffer,
    uniqueId: string,
    expiration?: number,
  ): Publication {
    const route = routeOf(target, this.settings.controlExchange);
    return {
      exchange: exchangeSpec(route, this.settings.rabbit),
      routingKey: route.key,
      body,
      expiration,
      mandatoryId: mandatory ? uniqueId : undefined,
    };
  }
}

async function letGo(consumer: Consumer): Promise<void> {
  await consumer.cancel();
  await consumer.close();
}

/** The driver's error with what it was about. */
function about(thrown: unknown, details: { target: Target; method: string }): Error {
  const error = toError(thrown);
  if (error instanceof MessageUndeliverable)
    return new MessageUndeliverable(error.message, { ...details, cause: error.cause });
  if (error instanceof MessageDeliveryFailure)
    return new MessageDeliveryFailure(error.message, { ...details, cause: error.cause });
  if (error instanceof ClientSendError) return new ClientSendError(error.message, { ...details, cause: error.cause });
  return error;
}
