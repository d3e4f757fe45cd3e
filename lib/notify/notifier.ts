import { randomUUID } from 'node:crypto';
import { Deadline } from '../core/deadline.js';
import { ConfigurationError } from '../core/errors.js';
import { newId } from '../core/message.js';
import { encodeNotification, type Priority } from '../core/notification.js';
import { NoOpSerializer, type Serializer } from '../rpc/serializer.js';
import { assertTransport, type Transport } from '../rpc/transport.js';

/** `messagingv2` publishes in the envelope, `messaging` bare, `noop` nothing. */
export type NotificationDriver = 'messaging' | 'messagingv2' | 'noop';

/** What a notifier is set up with. */
export interface NotifierOptions {
  publisherId?: string | undefined;
  /** @default the `notificationDriver` option */
  driver?: NotificationDriver | undefined;
  /** @default the `notificationTopics` option */
  topics?: readonly string[] | undefined;
  serializer?: Serializer | undefined;
  /** Retries of connecting: absent or −1 for ever (until the deadline), 0 none. */
  retry?: number | undefined;
}

/** The form of Python's `str(timeutils.utcnow())`. */
function timestamp(): string {
  return `${new Date().toISOString().replace('T', ' ').replace('Z', '')}000`;
}

/** Publishes what happened. Source: oslo_messaging.Notifier. */
export class Notifier {
  private readonly serializer: Serializer;
  private readonly driver: NotificationDriver;
  private readonly topics: readonly string[];

  constructor(
    private readonly transport: Transport,
    private readonly options: NotifierOptions = {},
  ) {
    assertTransport(transport);
    this.serializer = options.serializer ?? new NoOpSerializer();
    this.driver = options.driver ?? transport.settings.notificationDriver;
    this.topics = options.topics ?? transport.settings.notificationTopics;
    if (!['messaging', 'messagingv2', 'noop'].includes(this.driver)) {
      throw new ConfigurationError(
        `Notification driver: expected messaging, messagingv2 or noop; got ${JSON.stringify(this.driver)}`,
      );
    }
  }

  /** A notifier with the given properties changed. */
  prepare(changes: { publisherId?: string; retry?: number }): Notifier {
    return new Notifier(this.transport, { ...this.options, ...changes });
  }

  audit = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('audit', ctxt, eventType, payload);
  debug = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('debug', ctxt, eventType, payload);
  info = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('info', ctxt, eventType, payload);
  warn = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('warn', ctxt, eventType, payload);
  error = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('error', ctxt, eventType, payload);
  critical = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('critical', ctxt, eventType, payload);
  sample = (ctxt: unknown, eventType: string, payload: unknown) => this.notify('sample', ctxt, eventType, payload);

  /** Resolves when the broker has confirmed it on every topic. @throws MessageDeliveryFailure */
  private async notify(priority: Priority, ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    if (this.driver === 'noop') return;
    const { settings, driver } = this.transport;
    const notification = {
      messageId: randomUUID(),
      publisherId: this.options.publisherId ?? null,
      eventType,
      priority,
      payload: this.serializer.serializeEntity(ctxt, payload),
      timestamp: timestamp(),
      context: this.serializer.serializeContext(ctxt),
    };
    const deadline = Deadline.after(settings.rpcResponseTimeout);
    await Promise.all(
      this.topics.map((topic) => {
        const uniqueId = newId();
        const body = encodeNotification({ ...notification, uniqueId }, this.driver === 'messagingv2', settings.limits);
        return driver.notify(
          { exchange: settings.controlExchange, routingKey: `${topic}.${priority}`, body, uniqueId },
          { deadline, retry: this.options.retry },
        );
      }),
    );
  }
}
