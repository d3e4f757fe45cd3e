import { type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { ConfigurationError, toError } from '../core/errors.js';
import { type DriverStatus, worstOf } from '../core/health.js';
import type { DeliveryMode, OsloMessagingOptions } from '../core/options.js';
import { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { keepScope, runAsRequest } from '../messaging/current-request.js';
import { requestContextSerializer, type Serializer } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import type { NotificationListener } from '../notify/listener.js';
import type { ErrorConstructorLike } from '../rpc/access-policy.js';
import { MethodTable } from '../rpc/method-table.js';
import { addPing, RPCServer } from '../rpc/server.js';
import type { OsloHandlerExtras } from './decorators.js';
import type { EmptyEndpointExtras } from './endpoint-classes.js';
import { keepNativeFailures } from './native-failures.js';
import type { NotificationHandlerExtras } from './notification-decorators.js';
import { NotificationHandlers } from './notification-handlers.js';
import type { OsloContext } from './oslo-context.js';
import { OsloRpcContext } from './oslo-rpc-context.js';
import { runBetweenHooks } from './processing-hooks.js';
import { interceptFor } from './request-context.interceptor.js';
import { OSLO_TRANSPORT } from './tokens.js';
import { OsloMessagingTransports } from './transports.js';

const ADVICE = 'List classes with @RpcEndpoint in the "controllers" of a module; each method needs @RpcMethod';

interface Registration {
  endpoint: { topic?: string | undefined; exchange?: string | undefined };
  target: Target;
  method: string;
  /** Name in errors. */
  name: string;
  /** True for Nest's own `@MessagePattern` and `@EventPattern`. */
  isPlain: boolean;
  expected: readonly ErrorConstructorLike[];
  delivery?: DeliveryMode | undefined;
  handler: () => MessageHandler | undefined;
}

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
  private readonly registrations: Registration[] = [];
  /** Warnings about endpoints that expose nothing. */
  private readonly empty: string[] = [];
  /** Patterns of plain event handlers. */
  private readonly events = new Set<string>();
  private readonly abort = new AbortController();
  private readonly notifications = new NotificationHandlers(
    (callback, data, context) => this.runInPipeline(callback, data, context),
    this.abort.signal,
  );
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
    else if (extras.osloMessaging) {
      const { endpoint, method, handler } = extras.osloMessaging;
      const target = new Target({
        namespace: endpoint.namespace,
        version: endpoint.version,
        acceptedNamespaces: endpoint.acceptedNamespaces,
      });
      this.registrations.push({
        endpoint,
        target,
        method: method.name,
        name: handler,
        isPlain: false,
        expected: method.expectedExceptions ?? [],
        delivery: method.delivery,
        handler: () => callback,
      });
    } else this.addPlainHandler(route, isEventHandler ? undefined : callback);
  }

  /** @param callback undefined for an event handler: those of one pattern are a chain, of which Nest's map holds the head */
  private addPlainHandler(route: string, callback: MessageHandler | undefined): void {
    if (!callback && this.events.has(route)) return;
    if (!callback) this.events.add(route);
    this.registrations.push({
      endpoint: {},
      target: new Target(),
      method: route,
      isPlain: true,
      name: `${callback ? '@MessagePattern' : '@EventPattern'}(${JSON.stringify(route)})`,
      expected: [],
      handler: () => callback ?? this.messageHandlers.get(route),
    });
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
      this.servers = [...this.makeServers(), ...this.makeListeners()];
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

  private makeServers(): RPCServer[] {
    const { host, topic: ownTopic, controlExchange } = this.transport.settings;
    const tables = new Map<string, { target: Target; table: MethodTable }>();
    for (const registration of plainFirst(this.registrations)) {
      const topic = registration.endpoint.topic ?? ownTopic;
      if (topic === undefined) {
        throw new ConfigurationError(
          `${registration.method}: neither @RpcEndpoint nor the server's options name a topic`,
          { method: registration.method },
        );
      }
      const target = new Target({ exchange: registration.endpoint.exchange ?? controlExchange, topic, server: host });
      const entry = tables.get(String(target)) ?? { target, table: new MethodTable() };
      tables.set(String(target), entry);
      entry.table.add(registration.target, registration.method, {
        handler: registration.name,
        expected: registration.expected,
        delivery: registration.delivery,
        handle: (message) => this.run(registration, target, message),
        readContext: ({ context }) => this.serializer_.deserializeContext(context),
      });
    }
    if (tables.size === 0 && ownTopic !== undefined) {
      const target = new Target({ exchange: controlExchange, topic: ownTopic, server: host });
      tables.set(String(target), { target, table: new MethodTable() });
    }
    return [...tables.values()].map(({ target, table }) => {
      addPing(table, this.transport);
      return new RPCServer(this.transport, target, table, ADVICE);
    });
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

  private run({ handler, method }: Registration, target: Target, message: IncomingRequest): Promise<unknown> {
    const callback = handler();
    if (!callback) throw new ConfigurationError(`${method} has no handler`, { method });
    const context = new OsloRpcContext(message, target, this.serializer_, this.abort.signal);
    return this.runInPipeline(callback, message.request.args, context);
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

/**
 * Orders handlers as they were registered, as in Python, where the first that can answer a request does. Plain handlers
 * come first: of version 1.0, they hide none of a later version, which would hide them.
 */
function plainFirst(registrations: readonly Registration[]): Registration[] {
  return [...registrations].sort((one, other) => Number(other.isPlain) - Number(one.isPlain));
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
