import { hostname } from 'node:os';
import {
  addPing,
  BUILT_IN,
  type DeliveryMode,
  getNotificationListener,
  getNotificationTransport,
  getRpcTransport,
  type Instrumentation,
  LIBRARY_VERSION,
  type LogSink,
  type OsloMessagingOptions,
  PRIORITIES,
  RPCServer,
  Target,
  type Transport,
} from '../../internal.js';
import { demonstrationTable } from './demonstration-table.js';
import type { Faults } from './rehearsal.js';
import { RequestCounts } from './request-counts.js';
import type { HandledNotification, HandledRequest } from './request-line.js';

/** Options of a demonstration server. */
export interface DemonstrationOptions extends Faults {
  /** Options of its transport. */
  readonly messaging: OsloMessagingOptions;
  readonly topic: string;
  readonly exchange: string;
  readonly server: string;
  readonly concurrency: number | undefined;
  readonly delivery: DeliveryMode | undefined;
  /** True to receive the notifications of the topic. They are then lost to other listeners. */
  readonly notifications: boolean;
  readonly logger: LogSink;
  /** Called with each request and notification that was handled. */
  readonly onHandled?: ((handled: HandledRequest | HandledNotification) => void) | undefined;
}

/** Server with methods to try commands and other programs on. */
export class DemonstrationServer {
  readonly counts = new RequestCounts();
  readonly #transport: Transport;
  /** Transport of the listener: notifications may have a broker of their own. */
  readonly #notifications: Transport | undefined;
  readonly #servers: { start(): Promise<void>; stop(): Promise<void> }[];

  constructor(private readonly options: DemonstrationOptions) {
    const { messaging, topic, exchange, server, concurrency, delivery, notifications, logger } = options;
    this.#transport = getRpcTransport({
      ...messaging,
      ...(concurrency !== undefined && { concurrency }),
      ...(delivery !== undefined && { delivery }),
      rpcDiscoveryEnabled: true,
      rpcPingEnabled: true,
      sendTracebacks: false,
      instrumentation: [...(messaging.instrumentation ?? []), { server: this.#watch }],
      logger,
    });
    const target = new Target({ topic, exchange, server });
    const none = { type: 'object', properties: {} } as const;
    const table = demonstrationTable(options, {
      whoami: {
        args: none,
        result: { type: 'object' },
        run: () => ({ server, host: hostname(), pid: process.pid, version: LIBRARY_VERSION }),
      },
      counts: { args: none, result: { type: 'object' }, run: () => this.counts.read() },
    });
    addPing(table, this.#transport);
    this.#servers = [new RPCServer(this.#transport, target, table)];
    if (!notifications) return;
    this.#notifications = getNotificationTransport({ ...messaging, logger });
    this.#servers.push(
      getNotificationListener(this.#notifications, [new Target({ topic, exchange })], [this.#notificationEndpoint()]),
    );
  }

  /** Longest time for running methods after `stop`, in milliseconds. */
  get drainTimeout(): number {
    return this.#transport.settings.drainTimeout;
  }

  /** Starts to consume. @throws MessageDeliveryFailure, ServerListenError */
  async start(): Promise<void> {
    // By itself: it tells an unreachable broker at once.
    await Promise.all([this.#transport, this.#notifications].map((transport) => transport?.connect({ retry: 0 })));
    await Promise.all(this.#servers.map((server) => server.start()));
  }

  /** Stops consuming, and waits for running methods and their replies, at most for the `drainTimeout` option. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#transport, this.#notifications].map((transport) => transport?.cleanup()));
  }

  readonly #watch: NonNullable<Instrumentation['server']> = async (served, next) => {
    const { request, handler, wantsReply, queueWait = 0, slotWait } = served;
    const { method, args, context } = request;
    if (method.startsWith(BUILT_IN)) return next();
    const since = performance.now();
    const handled = (outcome: { error?: unknown }) => {
      this.counts.request(handler && method, 'error' in outcome);
      const [kind, duration, waited] = [wantsReply ? 'call' : 'cast', performance.now() - since, queueWait + slotWait];
      this.options.onHandled?.({ kind, method, args, context, duration, waited, ...outcome } as HandledRequest);
    };
    try {
      const result = await next();
      handled({});
      return result;
    } catch (error) {
      handled({ error });
      throw error;
    }
  };

  #notificationEndpoint(): object {
    const receive =
      (priority: HandledNotification['priority']) =>
      (_ctxt: unknown, publisherId: string | null, eventType: string | null, payload: unknown) => {
        this.counts.notification();
        this.options.onHandled?.({ kind: 'notification', priority, eventType, publisherId, payload });
      };
    return Object.fromEntries(PRIORITIES.map((priority) => [priority, receive(priority)]));
  }
}
