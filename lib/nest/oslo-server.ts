import { type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { ConfigurationError, ServerStopped, toError } from '../core/errors.js';
import { type DriverStatus, worstOf } from '../core/health.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { clearRealInterval, realInterval } from '../core/real-time.js';
import { keepScope, runAsRequest } from '../messaging/current-request.js';
import { requestContextSerializer, type Serializer } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import type { NotificationListener } from '../notify/listener.js';
import type { RPCServer } from '../rpc/server.js';
import { AnsweredApis } from './answered-apis.js';
import type { OsloHandlerExtras } from './decorators.js';
import type { EmptyEndpointExtras } from './endpoint-classes.js';
import { keepNativeFailures } from './native-failures.js';
import type { NotificationHandlerExtras } from './notification-decorators.js';
import { type Invoke, NotificationHandlers } from './notification-handlers.js';
import type { OsloContext } from './oslo-context.js';
import { runBetweenHooks } from './processing-hooks.js';
import { interceptFor } from './request-context.interceptor.js';
import { RpcHandlers } from './rpc-handlers.js';
import { sharedNestClass } from './shared-in-nest.js';
import { OSLO_TRANSPORT } from './tokens.js';
import { OsloMessagingTransports } from './transports.js';

/** Interval of the timer that keeps the process alive, in milliseconds: the longest of Node.js. */
const KEEP_ALIVE_MS = 2 ** 31 - 1;

const CLASS_AS_STRATEGY =
  'strategy: expected an instance of OsloServer; got the class. Write strategy: app.get(OsloServer), or strategy: new OsloServer(options)';

/**
 * Transport strategy for Nest. Serves `@RpcEndpoint` classes, `@MessagePattern` and `@EventPattern` handlers and
 * `@NotificationEndpoint` classes over oslo.messaging.
 */
@sharedNestClass('OsloServer')
export class OsloServer extends Server<never, DriverStatus> {
  /** Marks the handlers that this strategy serves. */
  override readonly transportId = OSLO_TRANSPORT;
  /** Transports of the server, for health and metrics: the module's, or its own. */
  readonly transports: OsloMessagingTransports;
  /** @internal Handlers of other brokers, with the names of the brokers. */
  readonly skipped = new Map<string, string | undefined>();
  private readonly ownsTransports: boolean;
  private readonly transport: Transport;
  private readonly serializer_: Serializer;
  /** Warnings about endpoints that expose nothing. */
  private readonly warnings: string[] = [];
  /** Complaints about endpoints that lack methods of their APIs. */
  private readonly problems: string[] = [];
  /** Signal of notifications. A request has one of its own. */
  private readonly abort = new AbortController();
  private readonly invoke: Invoke = (callback, data, context) => this.runInPipeline(callback, data, context);
  private readonly rpc = new RpcHandlers(this.invoke);
  private readonly notifications = new NotificationHandlers(this.invoke, this.abort.signal);
  /** Nest's default start hook, to tell if a custom one is set. */
  private readonly noStartHook = this.onProcessingStartHook;
  private readonly unsubscribes: (() => void)[] = [];
  private readonly statuses = new Map<Transport, DriverStatus>();
  /** Status of the server itself. Its transports may be connected before its queues are attached, since others use them too. */
  private phase_: DriverStatus = 'idle';
  private readonly apis = new AnsweredApis();
  private servers: (RPCServer | NotificationListener)[] = [];
  private closing: Promise<void> | undefined;
  /** Keeps the process alive while the server listens, as a socket does: on memory:// there is none. */
  private keepAlive: NodeJS.Timeout | undefined;

  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidTransportURL, DriverLoadFailure for an unknown scheme */
  constructor(options: OsloMessagingOptions | OsloMessagingTransports = {}) {
    super();
    keepNativeFailures();
    this.ownsTransports = !(options instanceof OsloMessagingTransports);
    this.transports = options instanceof OsloMessagingTransports ? options : new OsloMessagingTransports(options);
    this.transport = this.transports.rpc;
    this.serializer_ = requestContextSerializer(this.transport.settings.serializer);
    interceptFor(this.serializer_);
    this.followStatusOf(this.transport);
  }

  /** Name of the broker, where it has one: `name` of the options. */
  get name(): string | undefined {
    return this.transports.name;
  }

  /** @internal Status of the server itself; closed as soon as it drains. */
  get phase(): DriverStatus {
    return this.closing ? 'closed' : this.phase_;
  }

  /** @internal */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: OsloHandlerExtras & NotificationHandlerExtras & EmptyEndpointExtras = {},
  ): void {
    if (extras.osloProblem) {
      this.problems.push(extras.osloProblem);
      return;
    }
    if (extras.osloApi) {
      if (extras.osloApi.transport === this.name) this.apis.add(extras.osloApi);
      return;
    }
    if (extras.osloEmpty) {
      this.warnings.push(extras.osloEmpty);
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
      this.rpc.add(extras.osloMessaging, callback);
      this.apis.serve(extras.osloMessaging.contract);
    } else {
      if (typeof pattern === 'object') this.warnings.push(objectPatternWarning(route, isEventHandler));
      if (isEventHandler) this.rpc.addEvent(route, () => this.messageHandlers.get(route));
      else this.rpc.addPattern(route, callback);
    }
  }

  /** @internal Refuses the class itself as a strategy, for an application with handlers. @throws ConfigurationError always */
  static addHandler(): never {
    throw new ConfigurationError(CLASS_AS_STRATEGY);
  }

  /** @internal Refuses the class itself as a strategy, for an application without handlers. @throws ConfigurationError always */
  static listen(): never {
    throw new ConfigurationError(CLASS_AS_STRATEGY);
  }

  /**
   * Starts to consume. Calls back when every queue is consumed, or with the error of the start, or after a {@link close}
   * during the start. The process stays alive until {@link close}, on memory:// as well.
   */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    if (this.phase_ !== 'idle' || this.closing) {
      const state = this.closing ? 'is closed' : 'listens already';
      callback(new ConfigurationError(`This OsloServer ${state}; listen once, or make another server`));
      return;
    }
    try {
      await this.start();
    } catch (error) {
      // A close ends the start, which is no failure: its error would end the process before other parts have closed.
      const failure = this.closing ? undefined : error;
      await this.close();
      callback(failure);
      return;
    }
    if (this.closing) await this.closing;
    else {
      // With a faked interval, a test that runs all timers would never end.
      this.keepAlive = realInterval(() => undefined, KEEP_ALIVE_MS);
      this.enter('connected');
    }
    callback();
  }

  /** Stops consuming, waits for running handlers and their replies (at most for `drainTimeout`), then closes. Can be called twice, and before `listen`. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  /** Nest's registration of event listeners. @throws ConfigurationError always: use `status` */
  on(): never {
    throw new ConfigurationError('OsloServer has no events; use its status');
  }

  /** Returns the {@link Transport} for RPC. */
  unwrap<T = Transport>(): T {
    return this.transport as T;
  }

  private async start(): Promise<void> {
    const problems = [...this.problems, ...this.apis.problems()];
    if (problems.length > 0) throw new ConfigurationError(problems.join('. '));
    const { logger, transportIsDefault } = this.transport.settings;
    if (transportIsDefault)
      logger.log('No transportUrl and no TRANSPORT_URL: using memory://, which stays within this process');
    for (const warning of this.warnings) logger.warn(warning);
    this.enter('connecting');
    this.servers = [...this.rpc.servers(this.transport, this.serializer_), ...this.makeListeners()];
    await Promise.all(this.servers.map((server) => server.start()));
  }

  private async shutDown(): Promise<void> {
    // Batches are handled after the last delivery, so that they are as full as possible.
    await Promise.all(this.servers.map((server) => server.cancel()));
    this.notifications.closeBatches(this.transport.settings.drainTimeout > 0);
    await Promise.all(this.servers.map((server) => server.stop()));
    this.abort.abort(new ServerStopped('The server has stopped, and waits for its handlers no longer'));
    if (this.ownsTransports) await this.transports.onApplicationShutdown();
    this.enter('closed');
    clearRealInterval(this.keepAlive);
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
  }

  private makeListeners(): NotificationListener[] {
    if (this.notifications.size === 0) return [];
    const { notifications } = this.transports;
    this.followStatusOf(notifications);
    return this.notifications.listeners(notifications, this.serializer_);
  }

  private followStatusOf(transport: Transport): void {
    const unsubscribe = transport.onStatus((status) => {
      this.statuses.set(transport, status);
      this.enter(this.phase_);
    });
    this.unsubscribes.push(unsubscribe);
  }

  /** Publishes the worst of the server's and its transports' status: `connected` only while every queue is attached. */
  private enter(phase: DriverStatus): void {
    this.phase_ = phase;
    this._status$.next(phase === 'idle' ? phase : worstOf([phase, ...this.statuses.values()]));
  }

  private runInPipeline(callback: MessageHandler, data: unknown, context: OsloContext): Promise<unknown> {
    return runAsRequest(context, () =>
      this.isHooked ? this.runWithHooks(callback, data, context) : settle(callback, data, context),
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
      timeoutMs: Math.min(rpcResponseTimeout, context.remainingTime),
    });
  }
}

/** Returns the result of a handler: the last value of an observable, null for none. @throws objects as they were thrown, any other value as an Error */
function settle(callback: MessageHandler, data: unknown, context: OsloContext): Promise<unknown> {
  return Promise.resolve(callback(data, context)).then(resultOf, (error: unknown) => {
    throw typeof error === 'object' ? error : toError(error);
  });
}

function resultOf(returned: unknown): unknown {
  return isObservable(returned) ? lastValueFrom(returned, { defaultValue: null }) : returned;
}

function objectPatternWarning(route: string, isEventHandler: boolean): string {
  const decorator = isEventHandler ? '@EventPattern' : '@MessagePattern';
  return `${decorator}(${route}) answers only to the whole text '${route}' as the method name. Use a method name, such as ${decorator}('sum')`;
}
