import { Deadline } from '../../core/deadline.js';
import type { Dict } from '../../core/dict.js';
import { type ErrorDetails, MessageDeliveryFailure, MessageUndeliverable } from '../../core/errors.js';
import type { DriverStatus, TransportHealth } from '../../core/health.js';
import { newId } from '../../core/id.js';
import { Listeners } from '../../core/listeners.js';
import { type RpcInvocation, replyMessage, requestMessage } from '../../core/rpc-message.js';
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
import type { Delivery } from '../inbox/delivery.js';
import type { OutgoingReply, WaitingReply } from '../inbox/inbox-request.js';
import { NotificationInbox, prefetchOf } from '../inbox/notification-inbox.js';
import { PendingCalls } from '../inbox/pending-calls.js';
import { RequestInbox } from '../inbox/request-inbox.js';
import { newReplyQueueName } from '../reply-queue.js';
import { notificationBindings, routeOf, serverBindings } from '../routing.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryServings } from './memory-servings.js';
import { PassedMessage } from './passed-message.js';
import { TappedPublisher, unreachable } from './tapped-publisher.js';

/** No dead-letter queue: nobody could read it outside this process. The log line is the only trace. */
const deadLetter = async (): Promise<undefined> => undefined;
/** The embedded broker counts returns itself, and its deliveries have no expiration. */
const SETTLING = { deadLetter, countReturn: async (): Promise<void> => undefined, expires: false } as const;

/** Embedded driver, for `memory://`: does within one process what RabbitMQ does for RPC and notifications. */
export class MemoryDriver implements Driver {
  private readonly broker: MemoryBroker;
  /** Undefined outside of tests. */
  private readonly tapped: TappedPublisher | undefined;
  private readonly calls: PendingCalls;
  private readonly replyQueue = newReplyQueueName();
  private readonly servings: MemoryServings;
  private readonly statusListeners: Listeners<DriverStatus>;
  private closed = false;
  private readonly settings: Settings;
  private lastError: TransportHealth['lastError'];
  private readonly unwatch: () => void;

  constructor(
    private readonly context: DriverContext,
    allowedModules: ReadonlySet<string>,
    url: TransportURL,
  ) {
    this.settings = context.settings;
    this.statusListeners = new Listeners('status', this.settings.logger);
    this.broker = MemoryBroker.join(url);
    const { tap, outage } = this.broker;
    this.tapped = tap && new TappedPublisher(context, this.broker, tap);
    this.unwatch = outage.watch((isOn) => this.reached(!isOn));
    this.servings = new MemoryServings(this.broker);
    this.calls = new PendingCalls(context, allowedModules, {
      // A broker that cannot be reached passes nothing on.
      aborted: (call, why) => {
        if (!outage.isOn) this.broker.cancel(call, why);
      },
    });
    this.broker.declare(this.replyQueue);
    const deliver = (delivery: Delivery) => this.calls.receive(delivery);
    this.broker.consume(this.replyQueue, { prefetch: Number.POSITIVE_INFINITY, once: true, deliver });
  }

  call(request: RpcInvocation, options: CallOptions): Promise<unknown> {
    const { target, deadline, callMonitorTimeout, collect } = options;
    const msgId = this.calls.idOf(options);
    const ids = { msgId, uniqueId: newId(), replyQueue: this.replyQueue, callMonitorTimeout };
    const cancellable = deadline.signal !== undefined && collect === undefined;
    const content = PassedMessage.of(requestMessage(request, ids), this.settings.limits, cancellable);
    const details = { target, method: request.method };
    const reply = this.calls.add(msgId, deadline, callMonitorTimeout, details, this.trouble, collect);
    try {
      // At the deadline the timer of the call rejects it.
      this.publish(request, options, content, deadline.at)?.catch((error: Error) => {
        if (!deadline.expired) this.calls.reject(msgId, error);
      });
    } catch (error) {
      this.calls.reject(msgId, error as Error);
    }
    return this.broker.tap?.call(msgId, reply) ?? reply;
  }

  async cast(request: RpcInvocation, options: SendOptions): Promise<void> {
    const ids = { msgId: undefined, replyQueue: undefined, callMonitorTimeout: undefined, uniqueId: newId() };
    const waiting = this.publish(request, options, this.pass(requestMessage(request, ids)));
    if (waiting) await waiting;
  }

  async notify({ exchange, routingKey: key, message }: OutgoingNotification, options: NotifyOptions): Promise<void> {
    this.assertOpen();
    const content = this.pass(message);
    this.broker.declare(key);
    this.broker.bind(exchange, key, key);
    if (this.tapped?.isCutOff) await this.tapped.reach(options);
    this.put(exchange, key, content);
  }

  async listen(
    target: Target,
    concurrency: number,
    receive: Receive,
    acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
    _signal: AbortSignal,
    needsNoSlot?: NeedsNoSlot,
  ): Promise<Listener> {
    this.assertOpen();
    const { tap, cancellations } = this.broker;
    const sendReply = (reply: OutgoingReply) => this.sendReply(reply);
    // Without a tap, an acknowledged request is never delivered again.
    const repeats = tap !== undefined;
    const ports = { ...SETTLING, sendReply, repeats, cancellations, needsNoSlot, listening: target };
    const handle = tap?.serve(target, receive) ?? receive;
    const inbox = new RequestInbox(this.context, concurrency, handle, acknowledgeAfterReply, ports);
    const bindings = serverBindings(target, this.settings.controlExchange);
    const once = acknowledgeAfterReply === undefined && tap === undefined;
    return this.servings.start(bindings, inbox, { prefetch: concurrency, once });
  }

  async listenForNotifications(subscription: Subscription, receive: ReceiveNotifications): Promise<Listener> {
    this.assertOpen();
    const handle = this.broker.tap?.listen(subscription.pool, receive) ?? receive;
    const inbox = new NotificationInbox(this.context, subscription, handle, deadLetter);
    const reading = { prefetch: prefetchOf(subscription), once: false };
    return this.servings.start(notificationBindings(subscription), inbox, reading);
  }

  async connect(options: ConnectOptions): Promise<void> {
    this.assertOpen();
    await this.tapped?.reach(options);
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.statusListeners.add(listener, this.status);
  }

  health(): TransportHealth {
    const { status, replyQueue } = this;
    const attached = status === 'connected';
    const { messages: queuedMessages, bytes: queuedBytes } = this.broker.waiting();
    return {
      status,
      publishing: status,
      consuming: status,
      consumers: this.servings.health(attached),
      replyQueue: { queue: replyQueue, attached },
      lastError: this.lastError,
      pendingCalls: this.calls.size,
      pendingPublishes: 0,
      pendingPublishBytes: 0,
      queuedMessages,
      queuedBytes,
      inWork: this.servings.busy,
      ...this.servings.load,
      blockedSeconds: 0,
      counts: this.context.counters.read(),
    };
  }

  async queueDepths(): Promise<QueueDepth[]> {
    return this.servings.depths();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.servings.close();
    this.broker.delete(this.replyQueue);
    this.calls.close();
    this.unwatch();
    this.tapped?.close();
    this.broker.leave();
    this.statusListeners.emit('closed');
  }

  private get status(): DriverStatus {
    if (this.closed) return 'closed';
    return this.broker.outage.isOn ? 'disconnected' : 'connected';
  }

  /** Cause of a timeout, when there is one. */
  private readonly trouble = ({ since }: Deadline) => {
    const { outage } = this.broker;
    return outage.isOn ? unreachable() : outage.endedSince(since);
  };

  private reached(isReached: boolean): void {
    if (!isReached) {
      this.context.counters.count('lostConnections');
      this.lastError = { message: unreachable().message, at: new Date() };
    }
    this.statusListeners.emit(this.status);
  }

  /** Publishes a request. Returns a promise while the broker cannot be reached. */
  private publish(
    request: RpcInvocation,
    options: SendOptions,
    content: PassedMessage,
    expires?: number,
  ): Promise<void> | undefined {
    const { target } = options;
    this.assertOpen({ target, method: request.method });
    if (this.tapped?.isCutOff)
      return this.tapped.reach(options).then(() => this.route(request, options, content, expires));
    this.route(request, options, content, expires);
    return undefined;
  }

  /** @throws MessageUndeliverable for a mandatory message without a queue */
  private route(
    { method }: RpcInvocation,
    { target, mandatory }: SendOptions,
    content: PassedMessage,
    expires: number | undefined,
  ): void {
    const { exchange, key } = routeOf(target, this.settings.controlExchange);
    if (this.put(exchange, key, content, expires, target) || !mandatory) return;
    this.context.counters.count('undeliverable');
    throw new MessageUndeliverable(
      `No queue is bound for "${method}" on ${target}: no server has started there in this process; memory:// reaches no other`,
      { target, method },
    );
  }

  /** @throws MessageUndeliverable when the caller has gone: its reply queue lives as long as its transport */
  private sendReply({ queue, reply, expires, lasting }: OutgoingReply): Promise<WaitingReply> | undefined {
    const content = this.pass(replyMessage(reply));
    if (this.tapped?.isCutOff) {
      const options = { deadline: Deadline.after(expires - performance.now()), retry: lasting ? undefined : 0 };
      return Promise.resolve({ delivered: this.tapped.reach(options).then(() => this.putReply(queue, content)) });
    }
    this.putReply(queue, content);
    return undefined;
  }

  /** @throws MessageUndeliverable when the caller has gone: its reply queue lives as long as its transport */
  private putReply(queue: string, content: PassedMessage): void {
    if (!this.put('', queue, content)) throw new MessageUndeliverable(`The reply queue "${queue}" is missing`);
  }

  /** Puts a message into its queues. Returns false when none is bound for it. @throws MessageDeliveryFailure when one is full */
  private put(exchange: string, key: string, content: PassedMessage, expires?: number, target?: Target): boolean {
    return this.tapped
      ? this.tapped.publish(exchange, key, content, target, expires)
      : this.broker.publish(this.context, exchange, key, content, expires);
  }

  private pass(message: Dict): PassedMessage {
    return PassedMessage.of(message, this.settings.limits);
  }

  /** @throws MessageDeliveryFailure */
  private assertOpen(details?: ErrorDetails): void {
    if (this.closed) throw new MessageDeliveryFailure('The transport is closed: nothing was sent', details);
  }
}
