import { type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { ConfigurationError, toError } from '../core/errors.js';
import { type DriverStatus, worstOf } from '../core/health.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { keepScope, runAsRequest } from '../messaging/current-request.js';
import { requestContextSerializer, type Serializer } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import type { NotificationListener } from '../notify/listener.js';
import type { RPCServer } from '../rpc/server.js';
import type { OsloHandlerExtras } from './decorators.js';
import type { EmptyEndpointExtras } from './endpoint-classes.js';
import { keepNativeFailures } from './native-failures.js';
import type { NotificationHandlerExtras } from './notification-decorators.js';
import { type Invoke, NotificationHandlers } from './notification-handlers.js';
import type { OsloContext } from './oslo-context.js';
import { runBetweenHooks } from './processing-hooks.js';
import { interceptFor } from './request-context.interceptor.js';
import { RpcHandlers } from './rpc-handlers.js';
import { OSLO_TRANSPORT } from './tokens.js';
import { OsloMessagingTransports } from './transports.js';

/**
 * The transport strategy: serves `@RpcEndpoint` classes, plain `@MessagePattern` handlers and `@NotificationEndpoint`
 * classes over oslo.messaging.
 */
export class OsloServer extends Server<never, DriverStatus> {
  override readonly transportId = OSLO_TRANSPORT;
  /** Its transports, for health and metrics: those of the module, or its own. */
  readonly transports: OsloMessagingTransports;
  /** @internal Handlers of other brokers, with the names of those. */
  readonly skipped = new Map<string, string | undefined>();
  private readonly ownsTransports: boolean;
  private readonly transport: Transport;
  private readonly serializer_: Serializer;
  /** Warnings about endpoints that expose nothing. */
  private readonly empty: string[] = [];
  private readonly abort = new AbortController();
  private readonly invoke: Invoke = (callback, data, context) => this.runInPipeline(callback, data, context);
  private readonly rpc = new RpcHandlers(this.invoke, this.abort.signal);
  private readonly notifications = new NotificationHandlers(this.invoke, this.abort.signal);
  /** That of a server that was given none: it runs what it is given. */
  private readonly noStartHook = this.onProcessingStartHook;
  private readonly unsubscribes: (() => void)[] = [];
  private readonly statuses = new Map<Transport, DriverStatus>();
  /** How far it has come itself: others may use its transports, which are connected before its queues are attached. */
  private phase_: DriverStatus = 'idle';
  private servers: (RPCServer | NotificationListener)[] = [];
  private closing: Promise<void> | undefined;

  /** @throws ConfigurationError, InvalidTransportURL, DriverLoadFailure */
  constructor(options: OsloMessagingOptions | OsloMessagingTransports = {}) {
    super();
    keepNativeFailures();
    this.ownsTransports = !(options instanceof OsloMessagingTransports);
    this.transports = options instanceof OsloMessagingTransports ? options : new OsloMessagingTransports(options);
    this.transport = this.transports.rpc;
    this.serializer_ = requestContextSerializer(this.transport.settings.serializer);
    interceptFor(this.serializer_);
    this.tellStatusOf(this.transport);
  }

  /** Name of its broker among several of the application. */
  get name(): string | undefined {
    return this.transports.name;
  }

  /** @internal How far it has come. */
  get phase(): DriverStatus {
    return this.phase_;
  }

  /** @internal */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: OsloHandlerExtras & NotificationHandlerExtras & EmptyEndpointExtras = {},
  ): void {
    if (extras.osloEmpty) {
      this.empty.push(extras.osloEmpty);
      return;
    }
    const own = extras.osloNotification ?? extras.osloMessaging;
    if (own && own.endpoint.transport !== this.name) {
      this.skipped.set('handler' in own ? own.handler : own.name, own.endpoint.transport);
      return;
    }
    super.addHandler(pattern, callback, isEventHandler, extras);
    const route = this.normalizePattern(pattern as string);
    if (extras.osloNotification) this.notifications.add({ ...extras.osloNotification, callback });
    else if (extras.osloMessaging) this.rpc.add(extras.osloMessaging, callback);
    else if (isEventHandler) this.rpc.addEvent(route, () => this.messageHandlers.get(route));
    else this.rpc.addPattern(route, callback);
  }

  /** Resolves by the callback when every queue is consumed from; start-up failures reach it as errors. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    if (this.phase_ !== 'idle') {
      const state = this.phase_ === 'closed' ? 'is closed' : 'listens already';
      callback(new ConfigurationError(`This OsloServer ${state}; listen once, or make another server`));
      return;
    }
    try {
      if (this.transport.settings.transportIsDefault) {
        this.transport.settings.logger.log(
          'No transportUrl and no TRANSPORT_URL: using memory://, which stays within this process',
        );
      }
      for (const warning of this.empty) this.transport.settings.logger.warn(warning);
      this.enter('connecting');
      this.servers = [...this.rpc.servers(this.transport, this.serializer_), ...this.makeListeners()];
      await Promise.all(this.servers.map((server) => server.start()));
      this.enter('connected');
    } catch (error) {
      await this.close();
      callback(error);
      return;
    }
    callback();
  }

  /** Stops consuming, waits for the running handlers and their replies, then closes. Safe to call twice or before `listen`. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  on(): never {
    throw new ConfigurationError('OsloServer has no events; use its status');
  }

  /** The transport for RPC. */
  unwrap<T = Transport>(): T {
    return this.transport as T;
  }

  private async shutDown(): Promise<void> {
    // Only when nothing more comes is an incomplete batch as full as it gets.
    await Promise.all(this.servers.map((server) => server.cancel()));
    this.notifications.closeBatches(this.transport.settings.drainTimeout > 0);
    await Promise.all(this.servers.map((server) => server.stop()));
    this.abort.abort();
    if (this.ownsTransports) await this.transports.onApplicationShutdown();
    this.enter('closed');
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
  }

  private makeListeners(): NotificationListener[] {
    if (this.notifications.size === 0) return [];
    const { notifications } = this.transports;
    this.tellStatusOf(notifications);
    return this.notifications.listeners(notifications, this.serializer_);
  }

  private tellStatusOf(transport: Transport): void {
    const unsubscribe = transport.onStatus((status) => {
      this.statuses.set(transport, status);
      this.enter(this.phase_);
    });
    this.unsubscribes.push(unsubscribe);
  }

  /** `connected` is said when it listens, and only as long as every queue that it consumes from is attached. */
  private enter(phase: DriverStatus): void {
    this.phase_ = phase;
    this._status$.next(phase === 'idle' ? phase : worstOf([phase, ...this.statuses.values()]));
  }

  private runInPipeline(callback: MessageHandler, data: unknown, context: OsloContext): Promise<unknown> {
    return runAsRequest(
      () => context.getCurrentRequestContext(),
      () => (this.isHooked ? this.runWithHooks(callback, data, context) : settle(callback, data, context)),
    );
  }

  private get isHooked(): boolean {
    return this.onProcessingStartHook !== this.noStartHook || this.onProcessingEndHook !== undefined;
  }

  private runWithHooks(callback: MessageHandler, data: unknown, context: OsloContext): Promise<unknown> {
    const { logger, rpcResponseTimeout } = this.transport.settings;
    const work = () =>
      settle(callback, data, context).catch((error: unknown) => {
        keepScope(context.subject);
        throw error;
      });
    return runBetweenHooks(work, {
      start: (done) => this.onProcessingStartHook(OSLO_TRANSPORT, context, done as () => Promise<void>),
      end: () => this.onProcessingEndHook?.(OSLO_TRANSPORT, context),
      logger,
      patience: Math.min(rpcResponseTimeout, context.remainingTime),
    });
  }
}

/** What the handler comes to: the last value of an observable, null for none. @throws object as it was thrown, else an Error */
function settle(callback: MessageHandler, data: unknown, context: OsloContext): Promise<unknown> {
  return Promise.resolve(callback(data, context)).then(resultOf, (error: unknown) => {
    throw typeof error === 'object' ? error : toError(error);
  });
}

function resultOf(returned: unknown): unknown {
  return isObservable(returned) ? lastValueFrom(returned, { defaultValue: null }) : returned;
}
