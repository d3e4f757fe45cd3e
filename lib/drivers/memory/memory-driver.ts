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
  Driver,
  Listener,
  OutgoingNotification,
  Receive,
  ReceiveNotifications,
  SendOptions,
  Subscription,
} from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from '../inbox/delivery.js';
import type { OutgoingReply } from '../inbox/inbox-request.js';
import { NotificationInbox, prefetchOf } from '../inbox/notification-inbox.js';
import { PendingCalls } from '../inbox/pending-calls.js';
import { RequestInbox } from '../inbox/request-inbox.js';
import { newReplyQueueName } from '../reply-queue.js';
import { type Binding, notificationBindings, routeOf, serverBindings } from '../routing.js';
import { MemoryBroker } from './memory-broker.js';
import type { Reading } from './memory-delivery.js';
import { PassedMessage } from './passed-message.js';

/** No dead-letter queue: nobody could read it outside this process. The log line is the only trace. */
const deadLetter = async (): Promise<undefined> => undefined;
/** The embedded broker counts returns itself. */
const countReturn = async (): Promise<void> => undefined;

/** No connection can be the cause of a timeout. */
const noCause = () => undefined;

/** Running server or notification listener. */
interface Serving {
  readonly queues: readonly string[];
  readonly inbox: RequestInbox | NotificationInbox;
  /** Stops delivering. */
  cancel(): void;
  /** Returns unacknowledged messages to the queues, and deletes transient ones. */
  release(): void;
}

/** Returns the name of the broker of a URL: its hosts and virtual host. Transports with equal names share a broker. */
function brokerName({ hosts, virtualHost }: TransportURL): string {
  const names = hosts.map(({ hostname, port }) => (port === undefined ? hostname : `${hostname}:${port}`));
  return `${names.join(',').toLowerCase()}/${virtualHost}`;
}

/** Embedded driver, for `memory://`: does within one process what RabbitMQ does for RPC and notifications. */
export class MemoryDriver implements Driver {
  private readonly broker: MemoryBroker;
  private readonly calls: PendingCalls;
  private readonly replyQueue = newReplyQueueName();
  private readonly servings = new Set<Serving>();
  private readonly statusListeners: Listeners<DriverStatus>;
  private closed = false;
  private readonly settings: Settings;

  constructor(
    private readonly context: DriverContext,
    allowedModules: ReadonlySet<string>,
    url: TransportURL,
  ) {
    this.settings = context.settings;
    this.statusListeners = new Listeners('status', this.settings.logger);
    this.broker = MemoryBroker.join(brokerName(url));
    this.calls = new PendingCalls(context, allowedModules);
    this.broker.declare(this.replyQueue);
    const deliver = (delivery: Delivery) => this.calls.receive(delivery);
    this.broker.consume(this.replyQueue, { prefetch: Number.POSITIVE_INFINITY, once: true, deliver });
  }

  call(request: RpcInvocation, options: CallOptions): Promise<unknown> {
    const { target, deadline, callMonitorTimeout } = options;
    const msgId = newId();
    const ids = { msgId, uniqueId: newId(), replyQueue: this.replyQueue, callMonitorTimeout };
    const content = this.pass(requestMessage(request, ids));
    const details = { target, method: request.method };
    const reply = this.calls.add(msgId, deadline, callMonitorTimeout, details, noCause);
    try {
      this.publish(request, options, content, deadline.at);
    } catch (error) {
      this.calls.reject(msgId, error as Error);
    }
    return reply;
  }

  async cast(request: RpcInvocation, options: SendOptions): Promise<void> {
    const ids = { msgId: undefined, replyQueue: undefined, callMonitorTimeout: undefined, uniqueId: newId() };
    this.publish(request, options, this.pass(requestMessage(request, ids)));
  }

  async notify({ exchange, routingKey, message }: OutgoingNotification): Promise<void> {
    this.assertOpen();
    const content = this.pass(message);
    this.broker.declare(routingKey);
    this.broker.bind(exchange, routingKey, routingKey);
    this.broker.publish(this.context, exchange, routingKey, content);
  }

  async listen(
    target: Target,
    concurrency: number,
    receive: Receive,
    acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
  ): Promise<Listener> {
    this.assertOpen();
    // A reply queue lives as long as its transport, so a missing one never comes back.
    const sendReply = ({ queue, reply }: OutgoingReply) => {
      const content = this.pass(replyMessage(reply));
      if (!this.broker.publish(this.context, '', queue, content))
        throw new MessageUndeliverable(`The reply queue "${queue}" is missing`);
      return undefined;
    };
    const ports = { sendReply, deadLetter, countReturn, repeats: false };
    const inbox = new RequestInbox(this.context, concurrency, receive, acknowledgeAfterReply, ports);
    const bindings = serverBindings(target, this.settings.controlExchange);
    return this.consume(bindings, inbox, { prefetch: concurrency, once: acknowledgeAfterReply === undefined });
  }

  async listenForNotifications(subscription: Subscription, receive: ReceiveNotifications): Promise<Listener> {
    this.assertOpen();
    const inbox = new NotificationInbox(this.context, subscription, receive, deadLetter);
    return this.consume(notificationBindings(subscription), inbox, { prefetch: prefetchOf(subscription), once: false });
  }

  async connect(): Promise<void> {
    this.assertOpen();
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.statusListeners.add(listener, this.status);
  }

  health(): TransportHealth {
    const { status, replyQueue } = this;
    const servings = [...this.servings];
    const { messages: queuedMessages, bytes: queuedBytes } = this.broker.waiting();
    return {
      status,
      publishing: status,
      consuming: status,
      consumers: servings.flatMap(({ queues }) => queues.map((queue) => ({ queue, attached: true }))),
      replyQueue: { queue: replyQueue, attached: !this.closed },
      lastError: undefined,
      pendingCalls: this.calls.size,
      pendingPublishes: 0,
      pendingPublishBytes: 0,
      queuedMessages,
      queuedBytes,
      inWork: servings.reduce((sum, { inbox }) => sum + inbox.busy, 0),
      counts: this.context.counters.read(),
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    // As when a connection ends, other servers get the unacknowledged messages.
    for (const { inbox, cancel, release } of this.servings) {
      cancel();
      inbox.close(false);
      release();
    }
    this.servings.clear();
    this.broker.delete(this.replyQueue);
    this.calls.close();
    this.broker.leave();
    this.statusListeners.emit('closed');
  }

  private get status(): DriverStatus {
    return this.closed ? 'closed' : 'connected';
  }

  private consume(
    bindings: readonly Binding[],
    inbox: RequestInbox | NotificationInbox,
    reading: Omit<Reading, 'deliver'>,
  ): Listener {
    for (const { exchange, key, queue, type } of bindings) {
      this.broker.declare(queue);
      this.broker.bind(exchange, type === 'fanout' ? '' : key, queue);
    }
    const queues = [...new Set(bindings.map(({ queue }) => queue))];
    const deliver = (delivery: Delivery) => inbox.push(delivery);
    const consuming = queues.map((queue) => this.broker.consume(queue, { ...reading, deliver }));
    const serving: Serving = {
      queues,
      inbox,
      cancel: () => {
        for (const { cancel } of consuming) cancel();
      },
      release: () => {
        for (const { release } of consuming) release();
        for (const { queue, transient } of bindings) if (transient) this.broker.delete(queue);
      },
    };
    this.servings.add(serving);
    return {
      cancel: async (graceful) => {
        serving.cancel();
        inbox.close(graceful);
      },
      stop: async (milliseconds) => {
        serving.cancel();
        await inbox.drain(milliseconds);
        if (this.servings.delete(serving)) serving.release();
      },
    };
  }

  private publish(
    request: RpcInvocation,
    { target, mandatory }: SendOptions,
    content: PassedMessage,
    expires?: number,
  ): void {
    this.assertOpen({ target, method: request.method });
    const { exchange, key } = routeOf(target, this.settings.controlExchange);
    if (!this.broker.publish(this.context, exchange, key, content, expires) && mandatory) {
      this.context.counters.count('undeliverable');
      throw new MessageUndeliverable(
        `No queue is bound for "${request.method}" on ${target}: no server has started there in this process; memory:// reaches no other`,
        {
          target,
          method: request.method,
        },
      );
    }
  }

  private pass(message: Dict): PassedMessage {
    return PassedMessage.of(message, this.settings.limits);
  }

  /** @throws MessageDeliveryFailure */
  private assertOpen(details?: ErrorDetails): void {
    if (this.closed) throw new MessageDeliveryFailure('The transport is closed: nothing was sent', details);
  }
}
